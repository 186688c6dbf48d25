import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { sortedKeys } from './text-order.ts';

/** Characters a function may produce. */
export const TEXT_LIMIT = 8 * 1024 * 1024;

/** Characters of a value shown inside an error message. */
const SHOWN_LIMIT = 4096;

export const TEXT_TOO_LONG = new EvaluationError(`a text would be longer than ${TEXT_LIMIT} characters`);

/** What Go's `fmt` prints for `%v`: `map[a:1 b:[x y]]`, `<nil>`. Cut at 4096 characters. */
export function formatGoValue(value: Json): string {
  const parts: string[] = [];
  let length = 0;
  const write = (text: string): void => {
    if (length <= SHOWN_LIMIT) parts.push(text);
    length += text.length;
  };
  const visit = (item: Json): void => {
    if (length > SHOWN_LIMIT) return;
    if (item === null) write('<nil>');
    else if (typeof item === 'number') write(formatGoNumber(item));
    else if (typeof item !== 'object') write(String(item));
    else if (isJsonObject(item)) {
      write('map[');
      sortedKeys(item).forEach((key, index) => {
        write(`${index > 0 ? ' ' : ''}${key}:`);
        visit(item[key] ?? null);
      });
      write(']');
    } else {
      write('[');
      item.forEach((member, index) => {
        if (index > 0) write(' ');
        visit(member);
      });
      write(']');
    }
  };
  visit(value);
  const text = parts.join('');
  return text.length > SHOWN_LIMIT ? `${text.slice(0, SHOWN_LIMIT)}…` : text;
}

/** Go's `%v` of a float64: shortest form, with an exponent from 1e+06 on and below 1e-04. */
export function formatGoNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [digits, exponent] = value.toExponential().split('e');
    const power = Number(exponent);
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

/**
 * The text that string functions make of a number: Go's `FormatFloat(value, 'f', -1, 32)`. No exponent, and the
 * fewest digits that still name the same float32, so `16777217` reads `16777216`.
 */
export function formatFloat32(value: number): string {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return Number.isNaN(single) ? 'NaN' : single > 0 ? '+Inf' : '-Inf';
  for (let digits = 1; digits <= 9; digits++) {
    const text = single.toPrecision(digits);
    if (Math.fround(Number(text)) === single) return withoutExponent(text);
  }
  return withoutExponent(single.toPrecision(9));
}

/** `1.5e+7` as `15000000`; trailing zeros of a fraction go. */
function withoutExponent(text: string): string {
  const [mantissa = '0', exponent] = text.split('e');
  const negative = mantissa.startsWith('-');
  const [whole = '', fraction = ''] = (negative ? mantissa.slice(1) : mantissa).split('.');
  const point = whole.length + Number(exponent ?? 0);
  const digits = whole + fraction;
  const padded = point <= 0 ? `${'0'.repeat(1 - point)}${digits}` : digits.padEnd(point, '0');
  const cut = point <= 0 ? 1 : point;
  const tail = padded.slice(cut).replace(/0+$/, '');
  const plain = padded.slice(0, cut).replace(/^0+(?=\d)/, '') + (tail ? `.${tail}` : '');
  return negative && plain !== '0' ? `-${plain}` : plain;
}

/** What Go's JSON encoder writes: keys sorted, no spaces, `<`, `>` and `&` escaped. An error when too long. */
export function formatGoJson(value: Json): string | EvaluationError {
  const parts: string[] = [];
  let room = TEXT_LIMIT;
  const write = (text: string): boolean => {
    parts.push(text);
    room -= text.length;
    return room >= 0;
  };
  const visit = (item: Json): boolean => {
    if (item === null || typeof item === 'boolean') return write(String(item));
    if (typeof item === 'number') return write(Object.is(item, -0) ? '-0' : String(item));
    if (typeof item === 'string') return write(quoteGoJson(item));
    if (Array.isArray(item)) {
      return write('[') && item.every((member, index) => (index === 0 || write(',')) && visit(member)) && write(']');
    }
    const object = item as Readonly<Record<string, Json>>;
    const members = sortedKeys(object).every(
      (key, index) => write(`${index === 0 ? '{' : ','}${quoteGoJson(key)}:`) && visit(object[key] ?? null),
    );
    return members && write(parts.at(-1) === undefined || Object.keys(object).length === 0 ? '{}' : '}');
  };
  return visit(value) ? parts.join('') : TEXT_TOO_LONG;
}

const ESCAPED: Readonly<Record<string, string>> = Object.freeze({
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
});

function quoteGoJson(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (char) => ESCAPED[char] ?? char);
}
