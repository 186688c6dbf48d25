import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { Json } from '../../../kernel/json.ts';
import { compareText } from '../text-order.ts';
import { type Argument, definePure, type FunctionDefinition, parameter } from './definition.ts';

/** Built-in functions on numbers and lists of numbers. Bodies rely on the checked parameter types. */
export const NUMBER_FUNCTIONS: readonly FunctionDefinition[] = [
  definePure({
    name: 'abs',
    parameters: [parameter('value', 'number')],
    returns: 'number',
    summary: 'absolute value of a number',
    example: { expression: 'abs(`-24`)', result: 24 },
    call: ([value]) => Math.abs(value as number),
  }),
  definePure({
    name: 'avg',
    parameters: [parameter('values', 'array[number]')],
    returns: 'number',
    summary: 'average of a list of numbers; null for an empty list',
    example: { expression: 'avg(`[1, 2, 6]`)', result: 3 },
    call: ([values]) => {
      const numbers = values as readonly number[];
      return numbers.length === 0 ? null : numbers.reduce((total, item) => total + item, 0) / numbers.length;
    },
  }),
  definePure({
    name: 'ceil',
    parameters: [parameter('value', 'number')],
    returns: 'number',
    summary: 'smallest whole number that is not less than the argument',
    example: { expression: 'ceil(`1.2`)', result: 2 },
    call: ([value]) => Math.ceil(value as number),
  }),
  definePure({
    name: 'floor',
    parameters: [parameter('value', 'number')],
    returns: 'number',
    summary: 'largest whole number that is not greater than the argument',
    example: { expression: 'floor(`1.9`)', result: 1 },
    call: ([value]) => Math.floor(value as number),
  }),
  definePure({
    name: 'max',
    parameters: [parameter('values', 'array[number]', 'array[string]')],
    returns: 'any',
    summary: 'largest member of a list of numbers or of strings; null for an empty list',
    example: { expression: 'max(`[1, 3, 2]`)', result: 3 },
    call: ([values]) => extreme(values as readonly Json[], 1),
  }),
  definePure({
    name: 'min',
    parameters: [parameter('values', 'array[number]', 'array[string]')],
    returns: 'any',
    summary: 'smallest member of a list of numbers or of strings; null for an empty list',
    example: { expression: 'min(`["b", "a"]`)', result: 'a' },
    call: ([values]) => extreme(values as readonly Json[], -1),
  }),
  definePure({
    name: 'round',
    parameters: [parameter('value', 'number'), parameter('places', 'number')],
    returns: 'number',
    summary: 'rounds a number to so many decimal places, halves away from zero',
    example: { expression: 'round(`9.414675`, `2`)', result: 9.41 },
    call: ([value, places]) => round(value as number, places as number),
  }),
  definePure({
    name: 'to_number',
    parameters: [parameter('value', 'any')],
    returns: 'number',
    summary: 'the number a string spells; null for what is no number',
    example: { expression: "to_number('1.5e3')", result: 1500 },
    call: ([value]) => (typeof value === 'number' ? value : typeof value === 'string' ? parseFloat64(value) : null),
  }),
];

/** Members are all numbers or all strings. */
function extreme(values: readonly Json[], sign: 1 | -1): Json {
  let best = values[0];
  if (best === undefined) return null;
  for (const value of values) if (compareScalars(value, best) * sign > 0) best = value;
  return best;
}

/** Order of two numbers or two strings. */
export function compareScalars(a: Argument, b: Argument): number {
  return typeof a === 'number' ? a - (b as number) : compareText(a as string, b as string);
}

function round(value: number, places: number): Json | EvaluationError {
  if (!Number.isSafeInteger(places)) {
    return new EvaluationError("JMESPath function 'round': Non-integer argument(s) passed for round off");
  }
  if (places < 0) return new EvaluationError("JMESPath function 'round': argument is out of bounds");
  // Exact, which `10 ** places` is not.
  const shift = Number(`1e${places}`);
  const shifted = value * shift;
  // Go rounds halves away from zero; Math.round rounds them up.
  const rounded = (Math.sign(shifted) * Math.round(Math.abs(shifted))) / shift;
  return Number.isFinite(rounded) ? rounded : new EvaluationError("JMESPath function 'round': result is out of range");
}

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

/** Go's `ParseFloat` of decimal notation; null for anything else and for what overflows. */
function parseFloat64(text: string): number | null {
  if (!DECIMAL.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
