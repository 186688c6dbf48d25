import { createPublicKey, type KeyObject } from 'node:crypto';

/**
 * The key of a SubjectPublicKeyInfo. As PEM text, since Node takes a third of the time for it: of an object it first finds
 * out by four exceptions that it is no key yet. Throws Node's error for bytes that are no key.
 */
export function importPublicKey(spki: Uint8Array): KeyObject {
  const base64 = Buffer.from(spki.buffer, spki.byteOffset, spki.byteLength).toString('base64');
  return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`);
}
