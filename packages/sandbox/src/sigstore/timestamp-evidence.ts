import { type TimestampDefects, tamper } from './signature-defects.ts';
import type { SigstoreServices } from './sigstore-services.ts';
import { imprintOf } from './timestamp-authority.ts';

/** A timestamp response over the data (DER), or what the defects make of it. */
export function timestampFor(services: SigstoreServices, data: Uint8Array, defects: TimestampDefects = {}): Buffer {
  const authority = defects.token === 'unknown-authority' ? services.impostor() : services;
  const stamped = defects.token === 'of-other-data' ? tamper(data) : data;
  const request = { messageImprint: imprintOf(stamped), includeCertificate: true };
  const response = Buffer.from(authority.timestamp(request, defects.time));
  return defects.token === 'tampered' ? tamper(response) : response;
}
