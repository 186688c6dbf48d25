import { PkiError } from './pki-error.ts';

/** Identifier octets of the universal types that appear in certificates, CMS and time stamps (X.690 §8.1.2). */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of a context-specific tag, `[number]`. `number` is 0 to 30. */
export function derContextTag(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

/** One tag-length-value. The arrays are views into the input, not copies. */
export interface DerElement {
  /** The identifier octet: class, constructed bit and tag number. */
  readonly tag: number;
  /** The whole element, header included. */
  readonly bytes: Uint8Array;
  /** The content octets alone. */
  readonly content: Uint8Array;
  /** 0 for the outermost element. */
  readonly depth: number;
}

/** More than any certificate, CMS message or time stamp needs. */
const maximumDepth = 32;
const defaultMaximumBytes = 4 * 1024 * 1024;

/**
 * Reads the single DER element that `bytes` holds. Throws {@link PkiError} when the input is longer than
 * `maximumBytes` (4 MiB unless told), malformed, not in the distinguished form (X.690 §10.1), or followed by more bytes.
 */
export function readDer(bytes: Uint8Array, maximumBytes: number = defaultMaximumBytes): DerElement {
  if (bytes.length > maximumBytes) throw new PkiError(`input of ${bytes.length} bytes exceeds ${maximumBytes}`);
  const element = readElementAt(bytes, 0, 0);
  if (element.bytes.length !== bytes.length) {
    throw new PkiError(`${bytes.length - element.bytes.length} trailing bytes after the element`);
  }
  return element;
}

/** Reads all elements inside a constructed element. Nothing outside its content can be reached. */
export function readDerChildren(parent: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (const cursor = new DerCursor(parent); !cursor.isAtEnd; ) children.push(cursor.next());
  return children;
}

/** Walks the elements inside a constructed element, in order, checking each tag. */
export class DerCursor {
  readonly #parent: DerElement;
  readonly #what: string;
  #offset = 0;

  /** `what` names the structure in messages. Throws {@link PkiError} when `parent` is primitive or nested too deeply. */
  constructor(parent: DerElement, what = 'structure') {
    if ((parent.tag & 0x20) === 0) throw new PkiError(`${what}: expected a constructed element`);
    if (parent.depth >= maximumDepth) throw new PkiError(`${what}: nested more than ${maximumDepth} levels deep`);
    this.#parent = parent;
    this.#what = what;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#parent.content.length;
  }

  /** The identifier octet of the next element, or undefined at the end. */
  get peekedTag(): number | undefined {
    return this.#parent.content[this.#offset];
  }

  /** The next element; with `tag`, it must have this identifier octet. */
  next(tag?: number, field = 'element'): DerElement {
    if (this.isAtEnd) throw new PkiError(`${this.#what}: ${field} is missing`);
    if (tag !== undefined && this.peekedTag !== tag) {
      throw new PkiError(`${this.#what}: ${field} has tag ${hexOf(this.peekedTag)}, expected ${hexOf(tag)}`);
    }
    const element = readElementAt(this.#parent.content, this.#offset, this.#parent.depth + 1);
    this.#offset += element.bytes.length;
    return element;
  }

  /** The next element when it has this identifier octet; undefined, without moving, otherwise. */
  optional(tag: number, field = 'element'): DerElement | undefined {
    return this.peekedTag === tag ? this.next(tag, field) : undefined;
  }

  /** Throws when elements are left. */
  finish(): void {
    if (!this.isAtEnd) throw new PkiError(`${this.#what}: unexpected element with tag ${hexOf(this.peekedTag)}`);
  }
}

/** A cursor over an element that must have the given tag (SEQUENCE unless told). */
export function openDer(element: DerElement, what: string, tag: number = derTags.sequence): DerCursor {
  expectDerTag(element, tag, what);
  return new DerCursor(element, what);
}

/** Throws {@link PkiError} unless the element has this identifier octet. */
export function expectDerTag(element: DerElement, tag: number, what: string): void {
  if (element.tag !== tag) throw new PkiError(`${what} has tag ${hexOf(element.tag)}, expected ${hexOf(tag)}`);
}

/**
 * The same element seen under another identifier octet: how an IMPLICIT tag is read as its underlying type.
 * `bytes` is re-written accordingly (SignedAttributes are hashed as SET OF, RFC 5652 §5.4).
 */
export function retagDer(element: DerElement, tag: number): DerElement {
  // A copy: `slice` of a Buffer would be a view, and the input must not change.
  const bytes = Uint8Array.from(element.bytes);
  bytes[0] = tag;
  return { tag, bytes, content: bytes.subarray(bytes.length - element.content.length), depth: element.depth };
}

/** The one element inside an EXPLICIT tag or another wrapper. */
export function unwrapDer(element: DerElement, what: string): DerElement {
  const cursor = new DerCursor(element, what);
  const inner = cursor.next();
  cursor.finish();
  return inner;
}

function readElementAt(bytes: Uint8Array, offset: number, depth: number): DerElement {
  const tag = byteAt(bytes, offset);
  if ((tag & 0x1f) === 0x1f) throw new PkiError('multi-byte tags are not supported');
  const { length, contentOffset } = readLength(bytes, offset + 1);
  const end = contentOffset + length;
  if (end > bytes.length) throw new PkiError(`element of ${length} bytes ends past the data`);
  return { tag, bytes: bytes.subarray(offset, end), content: bytes.subarray(contentOffset, end), depth };
}

/** X.690 §8.1.3 with the restrictions of §10.1: definite, and as short as possible. */
function readLength(bytes: Uint8Array, offset: number): { length: number; contentOffset: number } {
  const first = byteAt(bytes, offset);
  if (first < 0x80) return { length: first, contentOffset: offset + 1 };
  if (first === 0x80) throw new PkiError('indefinite length is not allowed');
  const count = first & 0x7f;
  if (count > 4) throw new PkiError('length is too large');
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + byteAt(bytes, offset + index);
  if (length < 0x80 || length < 256 ** (count - 1)) throw new PkiError('length is not in its shortest form');
  return { length, contentOffset: offset + 1 + count };
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw new PkiError('data ends inside an element header');
  return byte;
}

function hexOf(tag: number | undefined): string {
  return tag === undefined ? 'none' : `0x${tag.toString(16).padStart(2, '0')}`;
}
