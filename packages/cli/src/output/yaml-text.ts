const LETTER = 1;
const INNER = 2;

/** Of what a text is made that is written as it is: letters first, then also digits and some signs. */
const PARTS = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz') {
  PARTS[character.charCodeAt(0)] = LETTER | INNER;
}
for (const character of '0123456789_./-') PARTS[character.charCodeAt(0)] = INNER;

/** Shorter ones may be a word or a number that YAML 1.1 reads as something else. */
const SHORTEST = 6;
/** Longer ones the library may fold. */
const LONGEST = 1000;
const SPACE = 0x20;
/** Larger ones are not kept for the next document. */
const KEPT = 1024 * 1024;
/** Longer texts are encoded by Node. */
const SHORT = 64;

let kept = Buffer.allocUnsafe(64 * 1024);

/**
 * A text that grows by small pieces, as the bytes of UTF-8: pieces of strings would have to be gathered again before
 * they can be written. Only one is in use at a time.
 */
export class YamlText {
  #bytes = kept;
  #length = 0;
  #isAscii = true;

  add(text: string): void {
    const { length } = text;
    const bytes = this.#room(length * 3);
    let at = this.#length;
    if (length <= SHORT) {
      let index = 0;
      for (; index < length; index += 1) {
        const code = text.charCodeAt(index);
        if (code > 127) break;
        bytes[at] = code;
        at += 1;
      }
      if (index === length) {
        this.#length = at;
        return;
      }
    }
    const count = bytes.write(text, this.#length, 'utf8');
    if (count !== length) this.#isAscii = false;
    this.#length += count;
  }

  /** `false`, and nothing is written: the text may mean something else in YAML. */
  addPlain(text: string): boolean {
    const { length } = text;
    if (length < SHORTEST || length > LONGEST) return false;
    const bytes = this.#room(length);
    const from = this.#length;
    let wanted = LETTER;
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 127 || ((PARTS[code] ?? 0) & wanted) === 0) return false;
      bytes[from + index] = code;
      wanted = INNER;
    }
    this.#length = from + length;
    return true;
  }

  addSpaces(count: number): void {
    const bytes = this.#room(count);
    const end = this.#length + count;
    for (let at = this.#length; at < end; at += 1) bytes[at] = SPACE;
    this.#length = end;
  }

  toString(): string {
    return this.#bytes.toString(this.#isAscii ? 'latin1' : 'utf8', 0, this.#length);
  }

  #room(count: number): Buffer {
    if (this.#length + count > this.#bytes.length) {
      const larger = Buffer.allocUnsafe((this.#length + count) * 2);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
      if (larger.length <= KEPT) kept = larger;
    }
    return this.#bytes;
  }
}
