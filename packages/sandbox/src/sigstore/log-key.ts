import { createHash, type KeyObject, sign } from 'node:crypto';

/** A transparency log's key and the identifier its signatures carry. */
export interface LogKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** SubjectPublicKeyInfo, DER. */
  spki: Buffer;
  /** 32 bytes. */
  id: Buffer;
}

/** A log named by the hash of its public key: CT logs (RFC 6962 §3.2) and Rekor v1. */
export function createLogKey(keys: { privateKey: KeyObject; publicKey: KeyObject }): LogKey {
  const spki = keys.publicKey.export({ type: 'spki', format: 'der' });
  return { ...keys, spki, id: createHash('sha256').update(spki).digest() };
}

/** A log named by its origin and Ed25519 key, as signed notes are (C2SP signed-note, "Signatures"): Rekor v2. */
export function createNoteKey(keys: { privateKey: KeyObject; publicKey: KeyObject }, origin: string): LogKey {
  const spki = keys.publicKey.export({ type: 'spki', format: 'der' });
  const rawKey = spki.subarray(-32);
  const id = createHash('sha256').update(`${origin}\n`).update(Uint8Array.of(1)).update(rawKey).digest();
  return { ...keys, spki, id };
}

/** A checkpoint (C2SP tlog-checkpoint): origin, tree size and root, signed as a note under the log's key. */
export function signCheckpoint(key: LogKey, origin: string, signer: string, size: number, root: Buffer): string {
  const text = `${origin}\n${size}\n${root.toString('base64')}\n`;
  const hash = key.privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, Buffer.from(text), key.privateKey);
  return `${text}\n\u2014 ${signer} ${Buffer.concat([key.id.subarray(0, 4), signature]).toString('base64')}\n`;
}
