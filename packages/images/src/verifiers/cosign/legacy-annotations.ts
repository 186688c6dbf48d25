import { memberAt } from '@vouchsafe/engine/kernel';
import { type ParsedCertificate, parseCertificate, parseCertificates } from '@vouchsafe/kube/pki';
import { decodeBase64, parseJsonObject } from '../../trust/encoded-text.ts';
import { Refusal, readOrRefuse } from '../../trust/refusal.ts';
import type { LogEntry } from '../../trust/transparency-log.ts';
import { readRekorBundle } from '../rekor-bundle.ts';

/** What cosign 2 keeps in the annotations of a layer. All of it is the attacker's to write. */
type Annotations = ReadonlyMap<string, string>;

const maximumLength = 256 * 1024;
const maximumChain = 10;

/** The detached signature; empty in attestations, whose envelope holds it. */
export function readSignature(annotations: Annotations): Buffer {
  const text = textOf(annotations, 'dev.cosignproject.cosign/signature');
  const signature = decodeBase64(text);
  if (text === undefined || text === '') throw new Refusal('bad-signature', 'the layer carries no signature');
  if (signature === undefined) throw new Refusal('bad-signature', 'the signature is not base64');
  return signature;
}

export function readCertificate(annotations: Annotations): ParsedCertificate | undefined {
  const pem = textOf(annotations, 'dev.sigstore.cosign/certificate');
  if (pem === undefined || pem === '') return undefined;
  return readOrRefuse('certificate-chain', 'the certificate', () => parseCertificate(pem));
}

/** Intermediates to try; unreadable ones are no reason to refuse, they are just not there. */
export function readChain(annotations: Annotations): readonly ParsedCertificate[] {
  const pem = textOf(annotations, 'dev.sigstore.cosign/chain');
  if (pem === undefined) return [];
  return readOrRefuse('certificate-chain', 'the certificate chain', () => parseCertificates(pem, maximumChain));
}

/** The entry of Rekor v1 with its signed entry timestamp. None when there is no annotation. */
export function readLogEntries(annotations: Annotations): LogEntry[] {
  const text = textOf(annotations, 'dev.sigstore.cosign/bundle');
  if (text === undefined || text === '') return [];
  return [readRekorBundle(text)];
}

export function readTimeStamps(annotations: Annotations): Buffer[] {
  const text = textOf(annotations, 'dev.sigstore.cosign/rfc3161timestamp');
  if (text === undefined || text === '') return [];
  const stamp = parseJsonObject(text);
  const token = decodeBase64(stamp === undefined ? undefined : memberAt(stamp, 'SignedRFC3161Timestamp'));
  if (token === undefined || token.length === 0) {
    throw new Refusal('certificate-time', 'the time stamp of the signature is malformed');
  }
  return [token];
}

function textOf(annotations: Annotations, key: string): string | undefined {
  const text = annotations.get(key);
  if (text !== undefined && text.length > maximumLength) {
    throw new Refusal('bad-signature', `the annotation \`${key}\` is longer than ${maximumLength} characters`);
  }
  return text;
}
