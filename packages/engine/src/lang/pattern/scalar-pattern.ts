import { compareQuantities, parseQuantity, type Quantity } from '@vouchsafe/cel/quantity';
import { parseDuration } from '../../kernel/duration.ts';
import { formatPlainNumber, parseGoFloat } from '../../kernel/go-number.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { compileWildcard } from '../../kernel/wildcard.ts';

/** Whether a value matches; an absent value is `undefined` and counts as null. */
export type ScalarTest = (value: Json | undefined) => boolean;

/** Compiles a leaf of a pattern (kyverno-core §2.9, scalar pattern language). Lists and objects never match. */
export function compileScalar(pattern: Json): ScalarTest {
  switch (typeof pattern) {
    case 'boolean':
      return (value) => value === pattern;
    case 'number':
      return (value) => (typeof value === 'string' ? parseGoFloat(value) === pattern : value === pattern);
    case 'string':
      return foldConstants(compileText(pattern));
    default:
      return pattern === null ? isEmptyValue : isJsonObject(pattern) ? isJsonObject : () => false;
  }
}

/** There are but four such values, and each is asked for again and again. */
function foldConstants(test: ScalarTest): ScalarTest {
  const [ofTrue, ofFalse, ofNull, ofAbsent] = [true, false, null, undefined].map(test);
  return (value) => {
    switch (value) {
      case true:
        return ofTrue === true;
      case false:
        return ofFalse === true;
      case null:
        return ofNull === true;
      case undefined:
        return ofAbsent === true;
      default:
        return test(value);
    }
  };
}

function isEmptyValue(value: Json | undefined): boolean {
  return value === undefined || value === null || value === 0 || value === '' || value === false;
}

/** Alternatives split by `|`, each of terms that all must hold, split by `&`. */
function compileText(pattern: string): ScalarTest {
  const alternatives = pattern.split('|').map((alternative) => {
    const terms = trimBlanks(alternative)
      .split('&')
      .map((term) => compileTerm(trimBlanks(term)));
    const [only] = terms;
    return terms.length === 1 && only ? only : (value: Json | undefined) => terms.every((term) => term(value));
  });
  const [only] = alternatives;
  if (alternatives.length === 1 && only) return (value) => value === pattern || only(value);
  const literals = new Set(pattern.split('|').map(trimBlanks).filter(isLiteral));
  return (value) => {
    if (value === pattern || (typeof value === 'string' && literals.has(value))) return true;
    for (let index = 0; index < alternatives.length; index++) if (alternatives[index]?.(value)) return true;
    return false;
  };
}

/** A term that a text equal to it matches, whatever else does. */
function isLiteral(term: string): boolean {
  return !term.includes('&') && term === term.trim() && scalarOperator(term) === '';
}

/** Only blanks go, as upstream; tabs stay. */
function trimBlanks(text: string): string {
  return text.replace(/^ +| +$/g, '');
}

export type ScalarOperator = '' | '>=' | '<=' | '>' | '<' | '!' | '-' | '!-';

const ENDPOINT = '([-|+]?\\d+(?:\\.\\d+)?[A-Za-z]*)';
const IN_RANGE = new RegExp(`^${ENDPOINT}-${ENDPOINT}$`);
const NOT_IN_RANGE = new RegExp(`^${ENDPOINT}!-${ENDPOINT}$`);

/** The operator a term begins with (or, for ranges, holds). Terms shorter than two characters have none. */
export function scalarOperator(term: string): ScalarOperator {
  if (term.length < 2) return '';
  for (const operator of ['>=', '<=', '>', '<', '!'] as const) {
    if (term.startsWith(operator)) return operator;
  }
  if (!term.includes('-')) return '';
  if (NOT_IN_RANGE.test(term)) return '!-';
  return IN_RANGE.test(term) ? '-' : '';
}

function compileTerm(term: string): ScalarTest {
  const operator = scalarOperator(term);
  if (operator === '-' || operator === '!-') {
    const [, low = '', high = ''] = (operator === '-' ? IN_RANGE : NOT_IN_RANGE).exec(term) ?? [];
    const left = compileComparison(operator === '-' ? '>=' : '<', low);
    const right = compileComparison(operator === '-' ? '<=' : '>', high);
    return operator === '-' ? (value) => left(value) && right(value) : (value) => left(value) || right(value);
  }
  return compileComparison(operator, term.slice(operator.length).trim());
}

type Comparison = Exclude<ScalarOperator, '-' | '!-'>;

/** Tried in this order: both durations, both quantities, text. */
function compileComparison(operator: Comparison, operand: string): ScalarTest {
  const duration = parseDuration(operand);
  const quantity = parseQuantity(operand);
  const text = compileTextComparison(operator, operand);
  if (duration === undefined && quantity === undefined) return text;
  const whole = quantity === undefined ? undefined : wholeNumber(quantity);
  return (value) => {
    // No whole number but 0 reads as a duration.
    if (whole !== undefined && typeof value === 'number' && value !== 0 && Number.isSafeInteger(value)) {
      return holds(operator, value - whole);
    }
    const read = readableNumber(value);
    if (read === undefined) return text(value);
    if (duration !== undefined) {
      const found = parseDuration(read);
      if (found !== undefined) return holds(operator, found < duration ? -1 : found > duration ? 1 : 0);
    }
    if (quantity !== undefined) {
      const found = parseQuantity(read);
      if (found !== undefined) return holds(operator, compareQuantities(found, quantity));
    }
    return text(value);
  };
}

function wholeNumber(quantity: Quantity): number | undefined {
  const number = quantity.scale === 0 ? Number(quantity.unscaled) : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The text durations and quantities are read from; `undefined` for values that are neither number nor text. */
function readableNumber(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatPlainNumber(value);
  return value === null || value === undefined ? '0' : undefined;
}

function holds(operator: Comparison, order: number): boolean {
  switch (operator) {
    case '':
      return order === 0;
    case '!':
      return order !== 0;
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
  }
}

function compileTextComparison(operator: Comparison, operand: string): ScalarTest {
  if (operator !== '' && operator !== '!') return () => false;
  const matches = compileWildcard(operand);
  const wanted = operator === '';
  return (value) => {
    if (typeof value === 'string') return matches(value) === wanted;
    const text = comparableText(value);
    return text !== undefined && matches(text) === wanted;
  };
}

/** Numbers with a fraction are compared in Go's `E` notation: 0.5 is `5E-01`. Null matches nothing. */
function comparableText(value: Json | undefined): string | undefined {
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return undefined;
  if (Number.isInteger(value)) return formatPlainNumber(value);
  const [mantissa, exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  return `${mantissa}E${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
