import { gunzipSync } from 'node:zlib';
import { decodeBase64 } from '../../trust/encoded-text.ts';
import { Refusal } from '../../trust/refusal.ts';
import { readArchive } from './read-archive.ts';

/** A signed message of k8s-manifest-sigstore, unpacked. */
export interface UnpackedMessage {
  /** What the signature is over. */
  readonly signedBytes: Uint8Array;
  readonly manifests: readonly string[];
}

/** Bytes a message may hold: objects are a megabyte and a half at most. */
const MAXIMUM_BYTES = 8 * 1024 * 1024;

/** base64 of gzip of either a manifest or a gzipped archive of manifests. Throws {@link Refusal}. */
export function unpackMessage(text: string): UnpackedMessage {
  const signedBytes = gunzipText(text, 'the signed message');
  const isArchive = signedBytes[0] === 0x1f && signedBytes[1] === 0x8b;
  if (isArchive) return { signedBytes, manifests: readArchive(gunzip(signedBytes, 'the signed archive')) };
  return { signedBytes, manifests: [new TextDecoder().decode(signedBytes)] };
}

/** base64 of gzip. Throws {@link Refusal}. */
export function gunzipText(text: string, what: string): Uint8Array {
  const packed = decodeBase64(text);
  if (packed === undefined) throw new Refusal('bad-signature', `${what} is not base64`);
  return gunzip(packed, what);
}

function gunzip(bytes: Uint8Array, what: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAXIMUM_BYTES });
  } catch {
    throw new Refusal('bad-signature', `${what} is not gzip, or larger than ${MAXIMUM_BYTES} bytes unpacked`);
  }
}
