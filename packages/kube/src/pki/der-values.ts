import { type DerElement, derTags, expectDerTag } from './der-reader.ts';
import { PkiError } from './pki-error.ts';

/** Keys of 16,384 bits fit; nothing we read is longer. */
const maximumIntegerBytes = 4096;
const maximumObjectIdentifierBytes = 128;

/** BOOLEAN; DER allows only 0x00 and 0xff (X.690 §11.1). */
export function readDerBoolean(element: DerElement, what = 'boolean'): boolean {
  expectDerTag(element, derTags.boolean, what);
  const [value] = element.content;
  if (element.content.length !== 1 || (value !== 0 && value !== 0xff)) throw new PkiError(`${what} is malformed`);
  return value === 0xff;
}

/** INTEGER or ENUMERATED of any sign, in its shortest form (X.690 §8.3). */
export function readDerInteger(element: DerElement, what = 'integer'): bigint {
  if (element.tag !== derTags.enumerated) expectDerTag(element, derTags.integer, what);
  const { content } = element;
  const [first, second] = content;
  if (first === undefined) throw new PkiError(`${what} is empty`);
  if (content.length > maximumIntegerBytes) throw new PkiError(`${what} is longer than ${maximumIntegerBytes} bytes`);
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new PkiError(`${what} is not in its shortest form`);
  }
  return BigInt.asIntN(content.length * 8, BigInt(`0x${Buffer.from(content).toString('hex')}`));
}

/** INTEGER between 0 and `maximum`. */
export function readDerSmallInteger(element: DerElement, maximum: number, what = 'integer'): number {
  const value = readDerInteger(element, what);
  if (value < 0n || value > BigInt(maximum)) throw new PkiError(`${what} is not between 0 and ${maximum}`);
  return Number(value);
}

/** OBJECT IDENTIFIER in dotted form. */
export function readDerObjectIdentifier(element: DerElement, what = 'object identifier'): string {
  expectDerTag(element, derTags.objectIdentifier, what);
  const { content } = element;
  if (content.length === 0 || content.length > maximumObjectIdentifierBytes) throw new PkiError(`${what} is malformed`);
  let text = '';
  let start = 0;
  for (let index = 0; index < content.length; index += 1) {
    const byte = content[index] ?? 0;
    if (index === start && byte === 0x80) throw new PkiError(`${what} is not in its shortest form`);
    if (byte >= 0x80) continue;
    const arc = arcOf(content, start, index);
    if (start === 0) {
      const root = arc < 40 ? 0 : arc < 80 ? 1 : 2;
      text = `${root}.${typeof arc === 'bigint' ? arc - BigInt(root * 40) : arc - root * 40}`;
    } else {
      text += `.${arc}`;
    }
    start = index + 1;
  }
  if (start !== content.length) throw new PkiError(`${what} ends inside a number`);
  return text;
}

/** A number in base 128 from `start` to `end`, both included. Beyond seven bytes (UUIDs) it is no safe integer. */
function arcOf(content: Uint8Array, start: number, end: number): number | bigint {
  if (end - start < 7) {
    let arc = 0;
    for (let index = start; index <= end; index += 1) arc = arc * 128 + ((content[index] ?? 0) & 0x7f);
    return arc;
  }
  let arc = 0n;
  for (let index = start; index <= end; index += 1) arc = (arc << 7n) | BigInt((content[index] ?? 0) & 0x7f);
  return arc;
}

/** BIT STRING; the unused bits must be zero (X.690 §11.2.1). */
export function readDerBitString(element: DerElement, what = 'bit string'): { unusedBits: number; bytes: Uint8Array } {
  expectDerTag(element, derTags.bitString, what);
  const [unusedBits] = element.content;
  const bytes = element.content.subarray(1);
  if (unusedBits === undefined || unusedBits > 7 || (unusedBits > 0 && bytes.length === 0)) {
    throw new PkiError(`${what} is malformed`);
  }
  const last = bytes.at(-1) ?? 0;
  if ((last & ((1 << unusedBits) - 1)) !== 0) throw new PkiError(`${what} has unused bits that are not zero`);
  return { unusedBits, bytes };
}

/** BIT STRING of whole bytes: keys and signatures. */
export function readDerBitStringBytes(element: DerElement, what = 'bit string'): Uint8Array {
  const { unusedBits, bytes } = readDerBitString(element, what);
  if (unusedBits !== 0) throw new PkiError(`${what} is not a whole number of bytes`);
  return bytes;
}

export function readDerOctetString(element: DerElement, what = 'octet string'): Uint8Array {
  expectDerTag(element, derTags.octetString, what);
  return element.content;
}

export function isDerString(element: DerElement): boolean {
  return stringDecoders.has(element.tag);
}

/** Any of the character string types; bytes outside the type's repertoire are refused. */
export function readDerString(element: DerElement, what = 'string'): string {
  const decode = stringDecoders.get(element.tag);
  if (decode === undefined) throw new PkiError(`${what} is not a character string`);
  return decode(element.content, what);
}

/** ASCII text, as in IA5String; also for IMPLICIT tags over it. NUL is refused: it hides suffixes from other readers. */
export function decodeAscii(content: Uint8Array, what: string): string {
  for (const byte of content) {
    if (byte === 0 || byte > 0x7f) throw new PkiError(`${what} holds a byte outside ASCII`);
  }
  return Buffer.from(content).toString('latin1');
}

function decodeWith(encoding: 'utf-8' | 'utf-16be'): (content: Uint8Array, what: string) => string {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (content, what) => {
    try {
      return decoder.decode(content);
    } catch {
      throw new PkiError(`${what} is not valid ${encoding}`);
    }
  };
}

function decodeUtf32(content: Uint8Array, what: string): string {
  if (content.length % 4 !== 0) throw new PkiError(`${what} is not valid utf-32`);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let text = '';
  for (let offset = 0; offset < content.length; offset += 4) {
    const point = view.getUint32(offset);
    if (point > 0x10ffff) throw new PkiError(`${what} is not valid utf-32`);
    text += String.fromCodePoint(point);
  }
  return text;
}

const stringDecoders = new Map<number, (content: Uint8Array, what: string) => string>([
  [derTags.utf8String, decodeWith('utf-8')],
  [derTags.numericString, decodeAscii],
  [derTags.printableString, decodeAscii],
  [derTags.ia5String, decodeAscii],
  [derTags.visibleString, decodeAscii],
  // Teletex is read as Latin-1, as every other X.509 reader does.
  [derTags.teletexString, (content) => Buffer.from(content).toString('latin1')],
  [derTags.bmpString, decodeWith('utf-16be')],
  [derTags.universalString, decodeUtf32],
]);

const utcTime = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const generalizedTime = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/;

/**
 * UTCTime or GeneralizedTime in UTC with seconds (RFC 5280 §4.1.2.5). A fraction of a second is allowed in
 * GeneralizedTime (time stamps carry one, RFC 3161 §2.4.2) and kept to the millisecond.
 */
export function readDerTime(element: DerElement, what = 'time'): Date {
  const isUtcTime = element.tag === derTags.utcTime;
  if (!isUtcTime) expectDerTag(element, derTags.generalizedTime, what);
  const text = element.content.length > 32 ? '' : Buffer.from(element.content).toString('latin1');
  const fields = (isUtcTime ? utcTime : generalizedTime).exec(text);
  if (fields === null) throw new PkiError(`${what} is malformed`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.slice(1, 7).map(Number);
  const fullYear = isUtcTime ? year + (year >= 50 ? 1900 : 2000) : year;
  const milliseconds = Number((fields[7] ?? '').padEnd(3, '0').slice(0, 3));
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second, milliseconds);
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isReal) throw new PkiError(`${what} is not a date`);
  return date;
}
