import { randomBytes } from 'node:crypto';
import { derInteger } from '@vouchsafe/kube/pki';
import { type TimestampDefects, tamper } from './signature-defects.ts';
import type { SigstoreServices } from './sigstore-services.ts';
import { imprintOf } from './timestamp-authority.ts';

/**
 * A timestamp response over the data (DER), or what the defects make of it. cosign 2 asks for the authority's certificate
 * to be included, cosign 3 does not; both send a nonce.
 */
export function timestampFor(
  services: SigstoreServices,
  data: Uint8Array,
  includeCertificate: boolean,
  defects: TimestampDefects = {},
): Buffer {
  const authority = defects.token === 'unknown-authority' ? services.impostor() : services;
  const stamped = defects.token === 'of-other-data' ? tamper(data) : data;
  const nonce = derInteger(BigInt(`0x${randomBytes(8).toString('hex')}`));
  const request = { messageImprint: imprintOf(stamped), nonce, includeCertificate };
  const response = Buffer.from(authority.timestamp(request, defects.time));
  return defects.token === 'tampered' ? tamper(response) : response;
}
