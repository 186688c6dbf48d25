import { derContextTag, derTags } from './der-reader.ts';
import { PkiError } from './pki-error.ts';

/** One element: identifier octet and the concatenated content, with the shortest length form (X.690 §10.1). */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const content of contents) length += content.length;
  return Buffer.concat([Uint8Array.of(tag), lengthOctets(length), ...contents]);
}

export function derSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return writeDer(derTags.sequence, ...elements);
}

/** SET OF: the elements in ascending order of their encodings (X.690 §11.6). */
export function derSetOf(...elements: readonly Uint8Array[]): Uint8Array {
  return writeDer(derTags.set, ...[...elements].sort((left, right) => Buffer.compare(left, right)));
}

export function derBoolean(value: boolean): Uint8Array {
  return writeDer(derTags.boolean, Uint8Array.of(value ? 0xff : 0));
}

/** INTEGER of any sign. */
export function derInteger(value: bigint | number): Uint8Array {
  const integer = BigInt(value);
  let size = 1;
  while (BigInt.asIntN(size * 8, integer) !== integer) size += 1;
  const hex = BigInt.asUintN(size * 8, integer).toString(16);
  return writeDer(derTags.integer, Buffer.from(hex.padStart(size * 2, '0'), 'hex'));
}

export function derNull(): Uint8Array {
  return writeDer(derTags.null);
}

/** OBJECT IDENTIFIER from its dotted form. Throws {@link PkiError} when the text is not one. */
export function derObjectIdentifier(dotted: string): Uint8Array {
  if (!/^[0-2](\.(0|[1-9]\d{0,40})){1,64}$/.test(dotted))
    throw new PkiError(`\`${dotted}\` is not an object identifier`);
  const [root = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  if (root < 2n && second > 39n) throw new PkiError(`\`${dotted}\` is not an object identifier`);
  const octets = [root * 40n + second, ...rest].flatMap(base128);
  return writeDer(derTags.objectIdentifier, Uint8Array.from(octets));
}

export function derOctetString(bytes: Uint8Array): Uint8Array {
  return writeDer(derTags.octetString, bytes);
}

export function derBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return writeDer(derTags.bitString, Uint8Array.of(unusedBits), bytes);
}

export function derUtf8String(text: string): Uint8Array {
  return writeDer(derTags.utf8String, Buffer.from(text, 'utf8'));
}

/** IA5String. Throws {@link PkiError} when the text is not ASCII. */
export function derIa5String(text: string): Uint8Array {
  return writeDer(derTags.ia5String, encodeAscii(text));
}

/** ASCII bytes, without a tag: IMPLICIT IA5String content. */
export function encodeAscii(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.some((byte) => byte === 0 || byte > 0x7f)) throw new PkiError(`\`${text}\` is not ASCII`);
  return bytes;
}

/** UTCTime through 2049, GeneralizedTime outside (RFC 5280 §4.1.2.5). Fractions of a second are cut. */
export function derTime(date: Date): Uint8Array {
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? writeDer(derTags.utcTime, Buffer.from(digitsOf(date).slice(2), 'latin1'))
    : derGeneralizedTime(date);
}

/** GeneralizedTime with whole seconds. */
export function derGeneralizedTime(date: Date): Uint8Array {
  return writeDer(derTags.generalizedTime, Buffer.from(digitsOf(date), 'latin1'));
}

/** `[number] EXPLICIT`, or `[number] IMPLICIT` over a constructed type when given its content. */
export function derContext(number: number, ...contents: readonly Uint8Array[]): Uint8Array {
  return writeDer(derContextTag(number, true), ...contents);
}

/** `[number] IMPLICIT` over a primitive type, given its content octets. */
export function derContextPrimitive(number: number, content: Uint8Array): Uint8Array {
  return writeDer(derContextTag(number, false), content);
}

function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(0x80 | octets.length, ...octets);
}

function base128(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80);
  return octets;
}

function digitsOf(date: Date): string {
  const time = date.getTime();
  const year = date.getUTCFullYear();
  if (Number.isNaN(time) || year < 0 || year > 9999) throw new PkiError('the date cannot be written in a certificate');
  return `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}
