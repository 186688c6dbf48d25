import {
  addQuantities,
  createQuantity,
  divideQuantities,
  formatQuantity,
  multiplyQuantities,
  parseQuantity,
  type Quantity,
  subtractQuantities,
  toNumber,
} from '@vouchsafe/cel/quantity';
import { formatDuration, parseDuration } from '../../../kernel/duration.ts';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { Json } from '../../../kernel/json.ts';
import { formatGoNumber } from '../go-value.ts';
import { type Argument, definePure, type FunctionBody, type FunctionDefinition, parameter } from './definition.ts';
import { functionError } from './function-error.ts';

/** Arithmetic on numbers, quantities and durations. A string is a quantity when it can be, else a duration. */
export const ARITHMETIC_FUNCTIONS: readonly FunctionDefinition[] = [
  arithmetic('add', 'the sum of two numbers, quantities or durations', {
    expression: "add('12Ki', '13Ki')",
    result: '25Ki',
  }),
  definePure({
    name: 'sum',
    parameters: [parameter('values', 'array')],
    returns: 'any',
    summary: 'the sum of a list of numbers, quantities or durations; an empty list fails',
    example: { expression: 'sum(`["10Mi", "5Mi"]`)', result: '15Mi' },
    call: ([values]) => sum(values as readonly Json[]),
  }),
  arithmetic('subtract', 'the difference of two numbers, quantities or durations', {
    expression: "subtract('12s', '13s')",
    result: '-1s',
  }),
  arithmetic('multiply', 'the product of two numbers, or of a number and a quantity or duration', {
    expression: "multiply(`2.5`, '40s')",
    result: '1m40s',
  }),
  arithmetic('divide', 'the quotient of two values of one kind, or of a quantity or duration by a number', {
    expression: "divide('12s', '5s')",
    result: 2.4,
  }),
  arithmetic('modulo', 'what a whole division of two values of one kind leaves', {
    expression: "modulo('12Ki', '5Ki')",
    result: '2Ki',
  }),
];

type Operand =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'quantity'; readonly value: Quantity }
  | { readonly kind: 'duration'; readonly value: bigint };

type Operator = 'add' | 'subtract' | 'multiply' | 'divide' | 'modulo';

function arithmetic(name: Operator, summary: string, example: FunctionDefinition['example']): FunctionDefinition {
  return definePure({
    name,
    parameters: [parameter('a', 'any'), parameter('b', 'any')],
    returns: 'any',
    summary,
    example,
    call: operate(name, name),
  });
}

/** `shown` is the function named in errors: `sum` adds under its own name. */
function operate(operator: Operator, shown: string): FunctionBody {
  return ([first, second]) => {
    const left = operand(first);
    const right = operand(second);
    if (!left || !right) return functionError(shown, 'invalid operand');
    const result = OPERATIONS[operator](left, right, shown);
    if (typeof result === 'number' && !Number.isFinite(result)) return functionError(shown, 'result is out of range');
    return result;
  };
}

function operand(value: Argument | undefined): Operand | undefined {
  if (typeof value === 'number') return { kind: 'scalar', value };
  if (typeof value !== 'string') return undefined;
  const quantity = parseQuantity(value);
  if (quantity) return { kind: 'quantity', value: quantity };
  const duration = parseDuration(value);
  return duration === undefined ? undefined : { kind: 'duration', value: duration };
}

type Operation = (a: Operand, b: Operand, shown: string) => Json | EvaluationError;

const OPERATIONS: Readonly<Record<Operator, Operation>> = {
  add: (a, b, shown) => {
    if (a.kind === 'scalar' && b.kind === 'scalar') return a.value + b.value;
    if (a.kind === 'quantity' && b.kind === 'quantity') return formatQuantity(addQuantities(a.value, b.value));
    if (a.kind === 'duration' && b.kind === 'duration') return durationText(a.value + b.value);
    return mismatch(shown);
  },
  subtract: (a, b, shown) => {
    if (a.kind === 'scalar' && b.kind === 'scalar') return a.value - b.value;
    if (a.kind === 'quantity' && b.kind === 'quantity') return formatQuantity(subtractQuantities(a.value, b.value));
    if (a.kind === 'duration' && b.kind === 'duration') return durationText(a.value - b.value);
    return mismatch(shown);
  },
  multiply: (a, b, shown) => {
    if (a.kind === 'scalar' && b.kind === 'scalar') return a.value * b.value;
    if (a.kind === 'scalar') return multiplyByScalar(b, a.value, shown);
    return b.kind === 'scalar' ? multiplyByScalar(a, b.value, shown) : mismatch(shown);
  },
  divide: (a, b, shown) => {
    if (b.kind === 'scalar') return b.value === 0 ? zeroDivisor(shown) : divideByScalar(a, b.value, shown);
    if (a.kind === 'quantity' && b.kind === 'quantity') {
      const divisor = toNumber(b.value);
      return divisor === 0 ? zeroDivisor(shown) : toNumber(a.value) / divisor;
    }
    if (a.kind === 'duration' && b.kind === 'duration') {
      return b.value === 0n ? zeroDivisor(shown) : seconds(a.value) / seconds(b.value);
    }
    return mismatch(shown);
  },
  modulo: (a, b, shown) => {
    if (a.kind === 'duration' && b.kind === 'duration') {
      return b.value === 0n ? zeroDivisor(shown) : durationText(a.value % b.value);
    }
    if (a.kind === 'scalar' && b.kind === 'scalar') return integerModulo(a.value, b.value, shown);
    if (a.kind !== 'quantity' || b.kind !== 'quantity') return mismatch(shown);
    const rest = integerModulo(toNumber(a.value), toNumber(b.value), shown);
    if (typeof rest !== 'number') return rest;
    return formatQuantity(createQuantity(BigInt(rest), 0, a.value.format));
  },
};

function multiplyByScalar(a: Operand, factor: number, shown: string): Json | EvaluationError {
  if (a.kind === 'duration') return durationText(nanoseconds(seconds(a.value) * factor));
  if (a.kind !== 'quantity') return mismatch(shown);
  const scalar = parseQuantity(formatGoNumber(factor));
  return scalar ? formatQuantity(multiplyQuantities(a.value, scalar)) : functionError(shown, 'invalid operand');
}

function divideByScalar(a: Operand, divisor: number, shown: string): Json | EvaluationError {
  if (a.kind === 'scalar') return a.value / divisor;
  if (a.kind === 'duration') return durationText(nanoseconds(seconds(a.value) / divisor));
  const scalar = parseQuantity(formatGoNumber(divisor));
  const quotient = scalar && divideQuantities(a.value, scalar);
  return quotient ? formatQuantity(quotient) : functionError(shown, 'invalid operand');
}

function integerModulo(a: number, b: number, shown: string): number | EvaluationError {
  if (!isInt64(a) || !isInt64(b)) {
    return functionError(shown, 'Non-integer argument(s) passed for modulo');
  }
  // `+ 0` turns a negative zero into zero.
  return b === 0 ? zeroDivisor(shown) : (a % b) + 0;
}

function isInt64(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

const add = operate('add', 'sum');

function sum(values: readonly Json[]): Json | EvaluationError {
  let total = values[0];
  if (total === undefined) return functionError('sum', 'at least one element in the array is required');
  for (const value of values.slice(1)) {
    const result = add([total, value], NO_CONTEXT);
    if (result instanceof EvaluationError) return result;
    total = result;
  }
  return total;
}

/** Adding needs no clock and does no hidden work. */
const NO_CONTEXT = { now: Number.NaN, spend: () => undefined };

function seconds(duration: bigint): number {
  return Number(duration / 1_000_000_000n) + Number(duration % 1_000_000_000n) / 1e9;
}

function nanoseconds(value: number): bigint {
  const whole = Math.trunc(value * 1e9);
  return Number.isFinite(whole) ? BigInt(whole) : INT64_LIMIT;
}

const INT64_LIMIT = 2n ** 63n;

/** Durations are 64-bit: what overflows is an error here, where Go wraps around. */
function durationText(duration: bigint): string | EvaluationError {
  if (duration >= INT64_LIMIT || duration < -INT64_LIMIT) return new EvaluationError('duration is out of range');
  return formatDuration(duration);
}

function mismatch(shown: string): EvaluationError {
  return functionError(shown, 'Types mismatch');
}

function zeroDivisor(shown: string): EvaluationError {
  return functionError(shown, 'Zero divisor passed');
}
