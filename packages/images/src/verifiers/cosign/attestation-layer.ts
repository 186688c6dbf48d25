import { createEffort } from '../../trust/certificate-path.ts';
import { readDsseEnvelope } from '../../trust/dsse-envelope.ts';
import { parseJsonObject } from '../../trust/encoded-text.ts';
import { predicateTypeOf, readStatement } from '../../trust/in-toto-statement.ts';
import { attempt, Refusal } from '../../trust/refusal.ts';
import { checkSignedMaterial, type SignedMaterial } from '../../trust/vouch.ts';
import { claimsOf } from '../evidence-claims.ts';
import { checkMediaType, type LayerReader } from './cosign-layer.ts';
import { readCertificate, readChain, readLogEntries, readTimeStamps } from './legacy-annotations.ts';

const envelopeMediaType = 'application/vnd.dsse.envelope.v1+json';

/** Judges attestations about one digest: any signature of the envelope suffices, the statement must name the digest. */
export function attestationReader(digest: string): LayerReader {
  return (layer) => {
    checkMediaType(layer, envelopeMediaType);
    const envelope = readDsseEnvelope(parseJsonObject(layer.blob));
    const statement = readStatement(envelope, digest);
    const { annotations } = layer;
    const common: Omit<SignedMaterial, 'signature'> = {
      signedBytes: envelope.signedBytes,
      payload: envelope.payload,
      envelope: layer.blob,
      certificate: readCertificate(annotations),
      untrusted: () => readChain(annotations),
      entries: readLogEntries(annotations),
      logDemands: { promise: true, proof: false },
      timeStamps: readTimeStamps(annotations),
      timeStampedBytes: layer.blob,
    };
    return {
      predicateType: predicateTypeOf(statement),
      judge(attestor, now) {
        let refusal: Refusal | undefined;
        const effort = createEffort();
        for (const signature of envelope.signatures) {
          const judged = attempt(() => checkSignedMaterial({ ...common, signature }, attestor, now, effort));
          if (judged.ok) return { vouched: judged.value, document: statement };
          const { reason, message, ...detail } = judged.failure;
          refusal ??= new Refusal(reason, message, detail);
        }
        throw refusal ?? new Refusal('bad-signature', 'the envelope has no signature');
      },
      claims: () => claimsOf(layer.digest, { ...common, signature: new Uint8Array() }, statement),
    };
  };
}
