import type { KeyObject } from 'node:crypto';

/**
 * Thrown where an Ed25519 signature is not a pure one and the code that checks the prehashed kind is not there yet: few
 * images need it, and it is slow to load. {@link judgeWithEd25519ph} fetches it and judges again.
 */
class Ed25519phNeeded extends Error {
  override readonly name = 'Ed25519phNeeded';
}

type Verify = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;
let verifyPrehashed: Verify | undefined;

/**
 * Whether `signature` is the key's Ed25519ph signature over `data` (RFC 8032, §5.1, without a context): what cosign 3 makes
 * with an Ed25519 key, and what Node's crypto cannot check. Only within {@link judgeWithEd25519ph}.
 */
export function isPrehashedSignature(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  if (verifyPrehashed === undefined) throw new Ed25519phNeeded();
  const { x = '' } = key.export({ format: 'jwk' });
  try {
    return verifyPrehashed(signature, data, Buffer.from(x, 'base64url'));
  } catch {
    // Points that are none are an error there.
    return false;
  }
}

/** Runs checks; when they come upon an Ed25519ph signature for the first time in this process, once more. */
export async function judgeWithEd25519ph<Value>(checks: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await checks();
  } catch (error) {
    if (!(error instanceof Ed25519phNeeded)) throw error;
  }
  const { ed25519ph } = await import('@noble/curves/ed25519.js');
  // Strict: of the ways to encode a point or a number, one counts.
  verifyPrehashed = (signature, message, publicKey) =>
    ed25519ph.verify(signature, message, publicKey, { zip215: false });
  return checks();
}
