import { declareFunction, type FunctionDeclaration, overload } from '../declare/function-declaration.ts';
import { CelError } from '../values/cel-error.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  STRING,
  TIMESTAMP,
  typeOfType,
  typeParameter,
  UINT,
} from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import {
  type CelDouble,
  type CelInt,
  type CelUint,
  doubleValue,
  formatDouble,
  INT_OVERFLOW,
  toDouble,
  toInt,
  toUint,
  UINT_OVERFLOW,
} from '../values/numbers.ts';
import {
  type CelDuration,
  type CelTimestamp,
  formatDuration,
  formatTimestamp,
  NANOS_PER_SECOND,
  parseDuration,
  parseTimestamp,
  toTimestamp,
} from '../values/time.ts';
import { typeOf } from '../values/type-of.ts';
import { decodeUtf8, encodeUtf8 } from '../values/utf8.ts';
import { walkCost } from './costs.ts';

type Double = number | CelDouble;

const same = (value: CelValue): CelValue => value;

function failed(from: CelType, to: CelType): CelError {
  return new CelError(`type conversion error from '${from.name}' to '${to.name}'`);
}

const INT_TEXT = /^[+-]?\d+$/;
const UINT_TEXT = /^\d+$/;
const DOUBLE_TEXT = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?:[iI]nf(?:inity)?|[nN]a[nN]))$/;
// Longer than any double is written; the pattern above would take quadratic time on a text of any length.
const DOUBLE_LENGTH_LIMIT = 1024;
const TRUE_TEXTS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE_TEXTS = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

function textToInt(text: string): CelResult {
  if (!INT_TEXT.test(text) || text.length > 64) return failed(STRING, INT);
  const value = toInt(BigInt(text.startsWith('+') ? text.slice(1) : text));
  return value instanceof CelError ? failed(STRING, INT) : value;
}

function textToUint(text: string): CelResult {
  if (!UINT_TEXT.test(text) || text.length > 64) return failed(STRING, UINT);
  const value = toUint(BigInt(text));
  return value instanceof CelError ? failed(STRING, UINT) : value;
}

function textToDouble(text: string): CelResult {
  if (text.length > DOUBLE_LENGTH_LIMIT || !DOUBLE_TEXT.test(text)) return failed(STRING, DOUBLE);
  const lower = text.toLowerCase().replace(/^\+/, '');
  if (lower.endsWith('nan')) return Number.NaN;
  if (lower.includes('inf')) return lower.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(text);
  return Number.isFinite(value) ? toDouble(value) : failed(STRING, DOUBLE);
}

function doubleToInt(value: Double): CelResult {
  const number = doubleValue(value);
  return number > -TWO_63 && number < TWO_63 ? toInt(BigInt(Math.trunc(number))) : INT_OVERFLOW;
}

function doubleToUint(value: Double): CelResult {
  const number = doubleValue(value);
  return number >= 0 && number < TWO_64 ? toUint(BigInt(Math.trunc(number))) : UINT_OVERFLOW;
}

function textToBool(text: string): CelResult {
  if (TRUE_TEXTS.has(text)) return true;
  return FALSE_TEXTS.has(text) ? false : failed(STRING, BOOL);
}

/** Seconds since the epoch, rounded down. */
function seconds({ nanos }: CelTimestamp): bigint {
  const remainder = ((nanos % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  return (nanos - remainder) / NANOS_PER_SECOND;
}

function bytesToText(bytes: Uint8Array): CelResult {
  return decodeUtf8(bytes) ?? new CelError('invalid UTF-8 in bytes, cannot convert to string');
}

const T = typeParameter('T');

/** `bool`, `bytes`, `double`, `duration`, `dyn`, `int`, `string`, `timestamp`, `type`, `uint`. */
export const CONVERSIONS: readonly FunctionDeclaration[] = [
  declareFunction('dyn', overload('to_dyn', [T], DYN, same)),
  declareFunction(
    'type',
    overload('type', [T], typeOfType(T), (value: CelValue) => typeOf(value)),
  ),
  declareFunction(
    'bool',
    overload('bool_to_bool', [BOOL], BOOL, same),
    overload('string_to_bool', [STRING], BOOL, textToBool),
  ),
  declareFunction(
    'bytes',
    overload('bytes_to_bytes', [BYTES], BYTES, same),
    overload('string_to_bytes', [STRING], BYTES, encodeUtf8, walkCost),
  ),
  declareFunction(
    'double',
    overload('double_to_double', [DOUBLE], DOUBLE, same),
    overload('int64_to_double', [INT], DOUBLE, (value: CelInt) => toDouble(Number(value))),
    overload('string_to_double', [STRING], DOUBLE, textToDouble),
    overload('uint64_to_double', [UINT], DOUBLE, ({ value }: CelUint) => toDouble(Number(value))),
  ),
  declareFunction(
    'duration',
    overload('duration_to_duration', [DURATION], DURATION, same),
    overload(
      'string_to_duration',
      [STRING],
      DURATION,
      (text: string) => parseDuration(text) ?? failed(STRING, DURATION),
    ),
  ),
  declareFunction(
    'int',
    overload('int64_to_int64', [INT], INT, same),
    overload('double_to_int64', [DOUBLE], INT, doubleToInt),
    overload('duration_to_int64', [DURATION], INT, ({ nanos }: CelDuration) => toInt(nanos)),
    overload('string_to_int64', [STRING], INT, textToInt),
    overload('timestamp_to_int64', [TIMESTAMP], INT, (moment: CelTimestamp) => toInt(seconds(moment))),
    overload('uint64_to_int64', [UINT], INT, ({ value }: CelUint) => toInt(value)),
  ),
  declareFunction(
    'string',
    overload('string_to_string', [STRING], STRING, same),
    overload('bool_to_string', [BOOL], STRING, String),
    overload('bytes_to_string', [BYTES], STRING, bytesToText, walkCost),
    overload('double_to_string', [DOUBLE], STRING, (value: Double) => formatDouble(doubleValue(value))),
    overload('duration_to_string', [DURATION], STRING, formatDuration),
    overload('int64_to_string', [INT], STRING, String),
    overload('timestamp_to_string', [TIMESTAMP], STRING, formatTimestamp),
    overload('uint64_to_string', [UINT], STRING, ({ value }: CelUint) => String(value)),
  ),
  declareFunction(
    'timestamp',
    overload('timestamp_to_timestamp', [TIMESTAMP], TIMESTAMP, same),
    overload('int64_to_timestamp', [INT], TIMESTAMP, (value: CelInt) => toTimestamp(BigInt(value) * NANOS_PER_SECOND)),
    overload(
      'string_to_timestamp',
      [STRING],
      TIMESTAMP,
      (text: string) => parseTimestamp(text) ?? failed(STRING, TIMESTAMP),
    ),
  ),
  declareFunction(
    'uint',
    overload('uint64_to_uint64', [UINT], UINT, same),
    overload('double_to_uint64', [DOUBLE], UINT, doubleToUint),
    overload('int64_to_uint64', [INT], UINT, (value: CelInt) => toUint(BigInt(value))),
    overload('string_to_uint64', [STRING], UINT, textToUint),
  ),
];
