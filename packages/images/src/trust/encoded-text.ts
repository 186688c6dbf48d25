import { isJsonObject, isModestJson, type Json, type JsonObject } from '@vouchsafe/engine/kernel';

/**
 * The bytes of standard base64 with padding; undefined for anything else. Line breaks are passed over, as Go's decoder (and
 * so every signer's) does; Node's own would pass over anything.
 */
export function decodeBase64(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined;
  const packed = text.includes('\n') ? text.replaceAll(/[\r\n]/g, '') : text;
  const bytes = Buffer.from(packed, 'base64');
  // Nearly all text is what the bytes would be written as, which is quicker to see than what its letters are.
  if (bytes.toString('base64') === packed) return bytes;
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed) ? bytes : undefined;
}

/** The bytes of an even number of hexadecimal digits; undefined for anything else. */
export function decodeHex(text: unknown): Buffer | undefined {
  if (typeof text !== 'string' || text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}

/** A JSON object from UTF-8 text or bytes; undefined when it is none, or one that is made to fill the memory. */
export function parseJsonObject(input: string | Uint8Array | undefined): JsonObject | undefined {
  if (input === undefined || !isModestJson(input)) return undefined;
  try {
    const text = typeof input === 'string' ? input : decoder.decode(input);
    // JSON.parse gives exactly the Json type.
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Protojson writes 64-bit integers as decimal strings; both forms are taken. Undefined when it is no such integer. */
export function parseCount(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** Equality of public values. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && Buffer.compare(left, right) === 0;
}
