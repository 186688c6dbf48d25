import { declareFunction, type FunctionDeclaration, member } from '../declare/function-declaration.ts';
import { CelError } from '../values/cel-error.ts';
import { isMap, mapGet, mapKeys } from '../values/cel-map.ts';
import { CelType, DYN, listType, STRING } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { type CelDouble, CelUint, doubleValue, isDouble, isInt } from '../values/numbers.ts';
import { CelDuration, CelTimestamp, formatDuration, formatTimestamp } from '../values/time.ts';
import { typeOf } from '../values/type-of.ts';
import { compareStrings, decodeUtf8, encodeUtf8 } from '../values/utf8.ts';
import { walkCost } from './costs.ts';

/** Text, or the reason why a value cannot be written this way. */
type Clause = (value: CelValue, precision: number | undefined) => string | CelError;

const PRECISION_LIMIT = 100;
const DEFAULT_PRECISION = 6;

function formattingError(clause: string, value: CelValue): CelError {
  return new CelError(`error during formatting: ${clause}, was given ${typeOf(value).name}`);
}

const asText: Clause = (value) => {
  const text = show(value);
  if (text !== undefined) return text;
  const unsupported = findUnsupported(value);
  return formattingError(
    'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
    unsupported,
  );
};

/** The text of a value; `undefined` when it, or something inside it, has none. */
function show(value: CelValue): string | undefined {
  if (typeof value === 'string') return value;
  if (value === null) return 'null';
  if (typeof value === 'boolean' || isInt(value)) return String(value);
  if (isDouble(value)) return special(doubleValue(value)) ?? fullDecimal(doubleValue(value));
  if (value instanceof CelUint) return String(value.value);
  if (value instanceof Uint8Array) return decodeUtf8(value) ?? '';
  if (value instanceof CelTimestamp) return formatTimestamp(value);
  if (value instanceof CelDuration) return formatDuration(value);
  if (value instanceof CelType) return value.name;
  if (Array.isArray(value)) return showAll(value, ', ', '[', ']', show);
  if (!isMap(value)) return undefined;
  const entries = mapKeys(value).map((key) => [show(key) ?? '', mapGet(value, key) ?? null] as const);
  entries.sort(([a], [b]) => compareStrings(a, b));
  return showAll(entries, ', ', '{', '}', ([key, item]) => {
    const shown = show(item);
    return shown === undefined ? undefined : `${key}: ${shown}`;
  });
}

function showAll<Item>(
  items: readonly Item[],
  separator: string,
  open: string,
  close: string,
  showItem: (item: Item) => string | undefined,
): string | undefined {
  const shown: string[] = [];
  for (const item of items) {
    const text = showItem(item);
    if (text === undefined) return undefined;
    shown.push(text);
  }
  return open + shown.join(separator) + close;
}

function findUnsupported(value: CelValue): CelValue {
  const children = Array.isArray(value)
    ? value
    : isMap(value)
      ? mapKeys(value).map((key) => mapGet(value, key) ?? null)
      : [];
  const bad: CelValue | undefined = children.find((child: CelValue) => show(child) === undefined);
  return bad === undefined ? value : findUnsupported(bad);
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return undefined;
  return value > 0 ? 'Infinity' : '-Infinity';
}

/** The shortest decimal form without an exponent. */
function fullDecimal(value: number): string {
  const text = String(value);
  const found = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!found) return Object.is(value, -0) ? '-0' : text;
  const [, sign = '', lead = '', fraction = '', exponent = '0'] = found;
  const digits = lead + fraction;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

const asDecimal: Clause = (value) => {
  if (isInt(value)) return String(value);
  if (value instanceof CelUint) return String(value.value);
  const text = isDouble(value) ? special(doubleValue(value)) : undefined;
  return text ?? formattingError('decimal clause can only be used on integers', value);
};

const asFixed: Clause = (value, precision = DEFAULT_PRECISION) => {
  const number = toNumber(value);
  if (number === undefined) return formattingError('fixed-point clause can only be used on doubles', value);
  return special(number) ?? toFixedEven(number, precision);
};

const asScientific: Clause = (value, precision = DEFAULT_PRECISION) => {
  const number = toNumber(value);
  if (number === undefined) return formattingError('scientific clause can only be used on doubles', value);
  return special(number) ?? number.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2');
};

function toNumber(value: CelValue): number | undefined {
  if (isDouble(value)) return doubleValue(value as number | CelDouble);
  if (isInt(value)) return Number(value);
  return value instanceof CelUint ? Number(value.value) : undefined;
}

/** Decimal places with ties to even, as Go and the specification round; `toFixed` rounds ties away from zero. */
function toFixedEven(value: number, precision: number): string {
  const text = value.toFixed(precision);
  if (!isTie(value, precision)) return text;
  const lower = value.toFixed(precision + 1).slice(0, -1);
  const last = Number(/\d(?=\D*$)/.exec(lower)?.[0] ?? 0);
  return last % 2 === 0 ? lower.replace(/\.$/, '') : text;
}

// A double lies between two decimals exactly when its next digits are a 5 and nothing more.
function isTie(value: number, precision: number): boolean {
  if (precision + 30 > PRECISION_LIMIT) return false;
  return /^50*$/.test(value.toFixed(precision + 30).slice(-30));
}

function inBase(base: number, value: CelValue): string | undefined {
  if (isInt(value)) return value.toString(base);
  return value instanceof CelUint ? value.value.toString(base) : undefined;
}

const asBinary: Clause = (value) => {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return inBase(2, value) ?? formattingError('only integers and bools can be formatted as binary', value);
};

const asOctal: Clause = (value) =>
  inBase(8, value) ?? formattingError('octal clause can only be used on integers', value);

const asHex: Clause = (value) => {
  const bytes = typeof value === 'string' ? encodeUtf8(value) : value;
  if (bytes instanceof Uint8Array) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return (
    inBase(16, value) ?? formattingError('only integers, byte buffers, and strings can be formatted as hex', value)
  );
};

const asUpperHex: Clause = (value, precision) => {
  const text = asHex(value, precision);
  return typeof text === 'string' ? text.toUpperCase() : text;
};

const CLAUSES = new Map<string, Clause>([
  ['s', asText],
  ['d', asDecimal],
  ['f', asFixed],
  ['e', asScientific],
  ['b', asBinary],
  ['o', asOctal],
  ['x', asHex],
  ['X', asUpperHex],
]);

const CLAUSE = /%(?:%|(?:\.(\d*))?([\s\S])?)/g;

function format(template: string, values: readonly CelValue[]): CelResult {
  let next = 0;
  let end = 0;
  let result = '';
  for (const found of template.matchAll(CLAUSE)) {
    result += template.slice(end, found.index);
    end = found.index + found[0].length;
    if (found[0] === '%%') {
      result += '%';
      continue;
    }
    const value = values[next];
    if (value === undefined) return new CelError(`index ${next} out of range`);
    next++;
    const text = formatClause(found[2], found[1], value);
    if (text instanceof CelError) return text;
    result += text;
  }
  return result + template.slice(end);
}

function formatClause(
  letter: string | undefined,
  precisionText: string | undefined,
  value: CelValue,
): string | CelError {
  if (letter === undefined) return new CelError('unexpected end of string');
  const clause = CLAUSES.get(letter);
  if (clause === undefined) {
    return new CelError(`could not parse formatting clause: unrecognized formatting clause "${letter}"`);
  }
  const precision = precisionText === undefined ? undefined : Number(precisionText);
  if (precision !== undefined && (precisionText === '' || precision > PRECISION_LIMIT)) {
    return new CelError('could not parse formatting clause: error while parsing precision');
  }
  return clause(value, precision);
}

/** `'%s has %d'.format([…])`. */
export function formatFunction(): FunctionDeclaration {
  return declareFunction('format', member('string_format', [STRING, listType(DYN)], STRING, format, walkCost));
}
