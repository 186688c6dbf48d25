import { codePointLength, hasNoSurrogates } from '../values/utf8.ts';

/** A text addressed by code points; plain text, where both are the same, is not split. */
export class CodePoints {
  readonly length: number;
  readonly text: string;
  readonly #points: readonly string[] | undefined;

  constructor(text: string) {
    this.text = text;
    this.#points = hasNoSurrogates(text) ? undefined : [...text];
    this.length = this.#points === undefined ? text.length : this.#points.length;
  }

  slice(start: number, end: number): string {
    return this.#points === undefined ? this.text.slice(start, end) : this.#points.slice(start, end).join('');
  }

  /** The position in UTF-16 units of a position in code points. */
  toUnits(position: number): number {
    return this.#points === undefined ? position : this.slice(0, position).length;
  }

  /** The position in code points of a position in UTF-16 units. */
  fromUnits(position: number): number {
    return this.#points === undefined ? position : codePointLength(this.text.slice(0, position));
  }
}
