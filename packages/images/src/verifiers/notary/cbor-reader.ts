/** What CBOR (RFC 8949) can hold here. Maps keep their keys apart by type: 1 and "1" differ. */
export type Cbor =
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly Cbor[]
  | ReadonlyMap<number | string, Cbor>
  | CborTag;

export interface CborTag {
  readonly tag: number;
  readonly value: Cbor;
}

/** Input that is not the CBOR this reader takes. */
export class CborError extends Error {
  override readonly name = 'CborError';
}

const maximumDepth = 16;
const maximumItems = 1000;
/** Honest envelopes have a few dozen: an empty list is one byte here, and thirty once it is read. */
const maximumTotal = 10_000;

/**
 * Reads the one item that `bytes` holds: definite lengths, safe integers, no floats, keys that are integers or texts and
 * appear once, at most 16 levels, 1000 items a container and 10,000 in all. Throws {@link CborError} for anything else.
 */
export function readCbor(bytes: Uint8Array): Cbor {
  const reader = new Reader(bytes);
  const item = reader.item(0);
  if (!reader.isAtEnd) throw new CborError('bytes are left over');
  return item;
}

export function isCborMap(value: Cbor | undefined): value is ReadonlyMap<number | string, Cbor> {
  return value instanceof Map;
}

export function isCborTag(value: Cbor | undefined): value is CborTag {
  return typeof value === 'object' && value !== null && 'tag' in value;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  item(depth: number): Cbor {
    if (depth > maximumDepth) throw new CborError('nested too deeply');
    this.#items += 1;
    if (this.#items > maximumTotal) throw new CborError('too many items');
    const first = this.#take(1).readUInt8();
    const major = first >> 5;
    if (major === 7) return this.#simple(first & 31);
    const length = this.#length(first & 31);
    switch (major) {
      case 0:
        return length;
      case 1:
        return -1 - length;
      case 2:
        return this.#take(length);
      case 3:
        return this.#text(length);
      case 4:
        return this.#list(length, depth);
      case 5:
        return this.#map(length, depth);
      default:
        return { tag: length, value: this.item(depth + 1) };
    }
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new CborError('it ends early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #length(information: number): number {
    if (information < 24) return information;
    if (information === 24) return this.#take(1).readUInt8();
    if (information === 25) return this.#take(2).readUInt16BE();
    if (information === 26) return this.#take(4).readUInt32BE();
    if (information !== 27) throw new CborError('indefinite lengths are not allowed');
    const length = this.#take(8).readBigUInt64BE();
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw new CborError('a number is too large');
    return Number(length);
  }

  #simple(information: number): Cbor {
    if (information === 20 || information === 21) return information === 21;
    if (information === 22) return null;
    throw new CborError('floats and unknown values are not allowed');
  }

  #text(length: number): string {
    try {
      return decoder.decode(this.#take(length));
    } catch (error) {
      if (error instanceof CborError) throw error;
      throw new CborError('a text is not UTF-8');
    }
  }

  #list(length: number, depth: number): Cbor[] {
    if (length > maximumItems) throw new CborError('too many items');
    return Array.from({ length }, () => this.item(depth + 1));
  }

  #map(length: number, depth: number): Map<number | string, Cbor> {
    if (length > maximumItems) throw new CborError('too many items');
    const map = new Map<number | string, Cbor>();
    for (let index = 0; index < length; index += 1) {
      const key = this.item(depth + 1);
      if (typeof key !== 'number' && typeof key !== 'string') throw new CborError('a key is no integer and no text');
      if (map.has(key)) throw new CborError('a key appears twice');
      map.set(key, this.item(depth + 1));
    }
    return map;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A byte string with its header, as it stands in the structure COSE signs. */
export function writeCborBytes(bytes: Uint8Array): Buffer {
  return Buffer.concat([header(2, bytes.length), bytes]);
}

export function writeCborText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([header(3, bytes.length), bytes]);
}

function header(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 0x100) return Buffer.from([(major << 5) | 24, length]);
  if (length < 0x10000) return Buffer.from([(major << 5) | 25, length >> 8, length & 0xff]);
  const long = Buffer.alloc(5);
  long.writeUInt8((major << 5) | 26);
  long.writeUInt32BE(length, 1);
  return long;
}
