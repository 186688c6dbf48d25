import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';

/** Levels and members of a document made during evaluation. */
const DOCUMENT_LIMITS = Object.freeze({ depth: 500, members: 1_000_000 });

const TOO_LARGE = new EvaluationError(
  `document is nested deeper than ${DOCUMENT_LIMITS.depth} levels or has more than ${DOCUMENT_LIMITS.members} members`,
);

/** The JSON value of `text`, or an error with a text close to that of Go's decoder. */
export function parseGoJson(text: string): Json | EvaluationError {
  if (nestingOf(text) > DOCUMENT_LIMITS.depth) return TOO_LARGE;
  try {
    // JSON.parse gives JSON.
    const value = JSON.parse(text) as Json;
    return CAN_OVERFLOW.test(text) && !isBoundedJson(value)
      ? new EvaluationError('json: cannot unmarshal number into Go value of type float64')
      : value;
  } catch {
    return new EvaluationError(describeBadJson(text));
  }
}

/** A number that may be infinite as a double has three digits of exponent, or very many of its own. */
const CAN_OVERFLOW = /[eE]\+?[0-9]{3}|[0-9]{300}/;

/** `value` when it is JSON within the limits, acyclic and finite; else an error. For what other parsers built. */
export function checkedDocument(value: unknown): Json | EvaluationError {
  return isBoundedJson(value) ? value : TOO_LARGE;
}

function isBoundedJson(value: unknown): value is Json {
  let room = DOCUMENT_LIMITS.members;
  const visit = (item: unknown, depth: number): boolean => {
    if (--room < 0 || depth > DOCUMENT_LIMITS.depth) return false;
    if (item === null || typeof item === 'string' || typeof item === 'boolean') return true;
    if (typeof item === 'number') return Number.isFinite(item);
    if (typeof item !== 'object') return false;
    if (Array.isArray(item)) return item.every((member) => visit(member, depth + 1));
    return (
      Object.getPrototypeOf(item) === Object.prototype &&
      Object.values(item).every((member) => visit(member, depth + 1))
    );
  };
  return visit(value, 0);
}

/** The deepest nesting of brackets outside of strings. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === OPEN_BRACKET || unit === OPEN_BRACE) deepest = Math.max(deepest, ++depth);
    else if (unit === CLOSE_BRACKET || unit === CLOSE_BRACE) depth--;
  }
  return deepest;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

function describeBadJson(text: string): string {
  const trimmed = text.trimStart();
  if (trimmed === '') return 'unexpected end of JSON input';
  if ('[{"-0123456789tfn'.includes(trimmed.charAt(0))) return 'invalid JSON';
  return `invalid character ${quoteRune(trimmed, 0)} looking for beginning of value`;
}

/** One character as Go quotes it in ASCII: `'#'`, `'\u00e9'`. */
export function quoteRune(text: string, at: number): string {
  const point = text.codePointAt(at) ?? 0;
  if (point === 0x27) return "'\\''";
  if (point === 0x5c) return "'\\\\'";
  if (point >= 0x20 && point < 0x7f) return `'${String.fromCodePoint(point)}'`;
  const hex = point.toString(16);
  if (point > 0xffff) return `'\\U${hex.padStart(8, '0')}'`;
  return point > 0x7f ? `'\\u${hex.padStart(4, '0')}'` : `'\\x${hex.padStart(2, '0')}'`;
}
