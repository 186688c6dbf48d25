import { SchemaError } from '../model/schema-error.ts';

/** Wire types of protobuf. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const utf8 = new TextDecoder('utf-8');

/** Reads protobuf fields one after another; never beyond the end of its bytes. */
export class WireReader {
  private readonly bytes: Uint8Array;
  private position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  /** The next tag: field number and wire type. */
  tag(): { number: number; wireType: number } {
    const tag = Number(this.varint());
    const number = Math.floor(tag / 8);
    if (number <= 0) throw new SchemaError('proto: illegal tag 0 (wire type 0)');
    return { number, wireType: tag % 8 };
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) throw truncated();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new SchemaError('proto: integer overflow');
  }

  /** A signed integer, as `int32` and `int64` are encoded. Beyond 2^53 digits are lost, as everywhere in JSON here. */
  integer(): number {
    return Number(BigInt.asIntN(64, this.varint()));
  }

  double(): number {
    return new DataView(this.take(8).slice().buffer).getFloat64(0, true);
  }

  chunk(): Uint8Array {
    const length = this.varint();
    if (length > BigInt(this.bytes.length - this.position)) throw truncated();
    return this.take(Number(length));
  }

  text(): string {
    return utf8.decode(this.chunk());
  }

  skip(wireType: number): void {
    switch (wireType) {
      case VARINT:
        this.varint();
        return;
      case FIXED64:
        this.take(8);
        return;
      case BYTES:
        this.chunk();
        return;
      case FIXED32:
        this.take(4);
        return;
      default:
        throw new SchemaError(`proto: illegal wireType ${wireType}`);
    }
  }

  private take(length: number): Uint8Array {
    if (this.position + length > this.bytes.length) throw truncated();
    const chunk = this.bytes.subarray(this.position, this.position + length);
    this.position += length;
    return chunk;
  }
}

function truncated(): SchemaError {
  return new SchemaError('unexpected EOF');
}
