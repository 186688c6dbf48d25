import { createPublicKey, type KeyObject } from 'node:crypto';
import { derTags, openDer, readDer } from './der-reader.ts';
import { readDerObjectIdentifier } from './der-values.ts';
import { readAlgorithmIdentifier } from './signature-algorithm.ts';

/**
 * The key of a SubjectPublicKeyInfo. As PEM text, since Node takes a third of the time for it: of an object it first finds
 * out by four exceptions that it is no key yet. Throws Node's error for bytes that are no key.
 */
export function importPublicKey(spki: Uint8Array): KeyObject {
  const base64 = Buffer.from(spki.buffer, spki.byteOffset, spki.byteLength).toString('base64');
  return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`);
}

/**
 * The object identifier of the curve that a SubjectPublicKeyInfo names (RFC 5480 §2.1.1); undefined where it names none. Throws
 * {@link PkiError} for what is no SubjectPublicKeyInfo.
 */
export function readNamedCurve(spki: Uint8Array): string | undefined {
  const { parameters } = readAlgorithmIdentifier(openDer(readDer(spki), 'public key').next(), 'key algorithm');
  return parameters?.tag === derTags.objectIdentifier ? readDerObjectIdentifier(parameters) : undefined;
}
