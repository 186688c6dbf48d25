import type { ManifestSignature } from '@vouchsafe/engine/facts';
import { parseCertificate } from '@vouchsafe/kube/pki';
import { decodeBase64 } from '../../trust/encoded-text.ts';
import { Refusal, readOrRefuse } from '../../trust/refusal.ts';
import type { ResolvedAttestor } from '../../trust/resolved-attestor.ts';
import { checkSignedMaterial, type Vouched } from '../../trust/vouch.ts';
import { readRekorBundle } from '../rekor-bundle.ts';
import { gunzipText, unpackMessage } from './unpack-message.ts';

/**
 * Judges one signature that an object carries, over the message beside it. What the message says is the caller's to
 * compare. Throws {@link Refusal}. `now` is the present time in milliseconds.
 */
export function judgeManifestSignature(signature: ManifestSignature, attestor: ResolvedAttestor, now: number): Vouched {
  const { signedBytes } = unpackMessage(signature.message);
  const bytes = decodeBase64(signature.signature);
  if (bytes === undefined || bytes.length === 0) throw new Refusal('bad-signature', 'the signature is not base64');
  const pem = textOf(signature.certificate, 'the certificate');
  const bundle = textOf(signature.bundle, 'the log entry');
  return checkSignedMaterial(
    {
      signature: bytes,
      signedBytes,
      payload: undefined,
      envelope: undefined,
      certificate:
        pem === undefined
          ? undefined
          : readOrRefuse('certificate-chain', 'the certificate', () => parseCertificate(pem)),
      untrusted: () => [],
      entries: bundle === undefined ? [] : [readRekorBundle(bundle)],
      logDemands: { promise: true, proof: false },
      timeStamps: [],
      timeStampedBytes: bytes,
    },
    attestor,
    now,
  );
}

function textOf(packed: string | undefined, what: string): string | undefined {
  if (packed === undefined || packed === '') return undefined;
  return Buffer.from(gunzipText(packed, what)).toString('utf8');
}
