import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isSealed, replaceSealed, type SealedValue } from './sealed-text.ts';

/** Where in an expression a character stands. */
type Place = 'bare' | 'raw' | 'quoted' | 'literal' | 'literal text';

/**
 * An expression whose text holds sealed values, with each of them written as what it is: escaped inside of texts, quoted
 * names and literals; outside of them a number, or names below one that the policy wrote. Whatever else would make the
 * submitter of a request an author of the expression is an error.
 *
 * @param allowsRoot whether a value may also be the first name, where the root is an answer and not the whole context
 */
export function openExpression(expression: string, allowsRoot = false): string | EvaluationError {
  if (!isSealed(expression)) return expression;
  const reader = new PlaceReader(expression);
  let refused = false;
  const opened = replaceSealed(expression, (value, start, end) => {
    const place = reader.placeAt(start);
    const around = { before: expression.slice(0, start), after: expression.slice(end), allowsRoot };
    const written = place && write(value, place, around);
    refused ||= written === undefined;
    reader.skipTo(end);
    return written ?? '';
  });
  if (!refused) return opened;
  return new EvaluationError('a value from the request would become a part of the expression itself');
}

/** The expression around a value. */
interface Around {
  readonly before: string;
  readonly after: string;
  readonly allowsRoot: boolean;
}

/** Follows the lexer through the characters that the policy wrote. */
class PlaceReader {
  readonly #text: string;
  #at = 0;
  #place: Place = 'bare';

  constructor(text: string) {
    this.#text = text;
  }

  /** The place at `end`; `undefined` right behind a backslash, which would take the first character of the value. */
  placeAt(end: number): Place | undefined {
    while (this.#at < end) this.#step();
    return this.#at === end ? this.#place : undefined;
  }

  skipTo(at: number): void {
    this.#at = at;
  }

  #step(): void {
    const character = this.#text.charAt(this.#at);
    const escapes = this.#place === 'raw' ? this.#text.charAt(this.#at + 1) === "'" : this.#place !== 'bare';
    if (character === '\\' && escapes) {
      this.#at += 2;
      return;
    }
    this.#place = nextPlace(this.#place, character);
    this.#at++;
  }
}

const OPENED_BY: Readonly<Record<string, Place>> = Object.freeze({ "'": 'raw', '"': 'quoted', '`': 'literal' });

function nextPlace(place: Place, character: string): Place {
  switch (place) {
    case 'bare':
      return Object.hasOwn(OPENED_BY, character) ? (OPENED_BY[character] ?? place) : place;
    case 'raw':
      return character === "'" ? 'bare' : place;
    case 'quoted':
      return character === '"' ? 'bare' : place;
    case 'literal':
      return character === '`' ? 'bare' : character === '"' ? 'literal text' : place;
    case 'literal text':
      return character === '`' ? 'bare' : character === '"' ? 'literal' : place;
  }
}

/** `undefined` when the value cannot be written there as mere data. */
function write({ text }: SealedValue, place: Place, { before, after, allowsRoot }: Around): string | undefined {
  switch (place) {
    case 'raw':
      // The dialect cannot write a backslash before the closing quote.
      return text.endsWith('\\') ? undefined : text.replaceAll("'", "\\'");
    case 'quoted':
      return allowsRoot || BELOW_QUOTED.test(before) || KEY_QUOTED.test(after) ? jsonContent(text) : undefined;
    case 'literal text':
      return jsonContent(text);
    case 'literal':
      return isJson(text) ? text.replaceAll('`', BACKTICK) : undefined;
    case 'bare':
      if (NUMBER.test(text)) return text;
      return NAMES.test(text) && (allowsRoot || BELOW.test(before)) && !CALL.test(after) ? text : undefined;
  }
}

const NUMBER = /^-?[0-9]+$/;
const NAMES = /^[A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\])*$/;
/** A name that has begun, or a dot after which one begins. */
const BELOW = /(?:[A-Za-z0-9_]|\.\s*)$/;
const CALL = /^[A-Za-z0-9_]*\s*\(/;
/** A quoted name behind a dot. */
const BELOW_QUOTED = /\.\s*"[^"]*$/;
/** The key of a multi-select hash. */
const KEY_QUOTED = /^[^"\\]*"\s*:/;
const BACKTICK = '\\u0060';

function jsonContent(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('`', BACKTICK);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
