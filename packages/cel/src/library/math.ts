import { declareFunction, type FunctionDeclaration, type Overload, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import type { Expr } from '../syntax/ast.ts';
import { type Macro, MacroIssue } from '../syntax/macro.ts';
import { CelError } from '../values/cel-error.ts';
import { BOOL, type CelType, DOUBLE, DYN, INT, listType, UINT } from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import {
  approximate,
  type CelDouble,
  type CelInt,
  CelUint,
  compareNumbers,
  doubleValue,
  INT_OVERFLOW,
  isNumber,
  toDouble,
  toInt,
  toUint,
} from '../values/numbers.ts';

type Double = number | CelDouble;

const NUMBERS = [INT, UINT, DOUBLE];

/** Rounds half away from zero, as Go. */
function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

function onDouble(name: string, compute: (value: number) => number): FunctionDeclaration {
  return declareFunction(
    `math.${name}`,
    overload(`math_${name}_double`, [DOUBLE], DOUBLE, (value: Double) => toDouble(compute(doubleValue(value)))),
  );
}

function testDouble(name: string, test: (value: number) => boolean): FunctionDeclaration {
  return declareFunction(
    `math.${name}`,
    overload(`math_${name}_double`, [DOUBLE], BOOL, (value: Double) => test(doubleValue(value))),
  );
}

function absoluteInt(value: CelInt): CelResult {
  if (value === -(2n ** 63n)) return INT_OVERFLOW;
  return value < 0 ? toInt(-BigInt(value)) : value;
}

function sign(value: number): number {
  return value > 0 ? 1 : value < 0 ? -1 : value;
}

const INT_BITS = 64;

function bitwise(name: string, compute: (a: bigint, b: bigint) => bigint): FunctionDeclaration {
  return declareFunction(
    `math.${name}`,
    overload(`math_${name}_int_int`, [INT, INT], INT, (a: CelInt, b: CelInt) => signed(compute(BigInt(a), BigInt(b)))),
    overload(`math_${name}_uint_uint`, [UINT, UINT], UINT, (a: CelUint, b: CelUint) =>
      unsigned(compute(a.value, b.value)),
    ),
  );
}

function signed(bits: bigint): CelResult {
  return toInt(BigInt.asIntN(INT_BITS, bits));
}

function unsigned(bits: bigint): CelResult {
  return toUint(BigInt.asUintN(INT_BITS, bits));
}

function shift(name: string, compute: (bits: bigint, by: bigint) => bigint): FunctionDeclaration {
  const shifted = (bits: bigint, by: CelInt): bigint | CelError => {
    if (by < 0) return new CelError(`math.${name}() negative offset: ${by}`);
    return by >= INT_BITS ? 0n : compute(BigInt.asUintN(INT_BITS, bits), BigInt(by));
  };
  return declareFunction(
    `math.${name}`,
    overload(`math_${name}_int_int`, [INT, INT], INT, (value: CelInt, by: CelInt) => {
      const bits = shifted(BigInt(value), by);
      return bits instanceof CelError ? bits : signed(bits);
    }),
    overload(`math_${name}_uint_int`, [UINT, INT], UINT, (value: CelUint, by: CelInt) => {
      const bits = shifted(value.value, by);
      return bits instanceof CelError ? bits : unsigned(bits);
    }),
  );
}

/** The extreme of numbers of any types; the first of equal ones. */
function extreme(name: string, better: (order: number) => boolean): FunctionDeclaration {
  const choose = (a: CelValue, b: CelValue): CelResult => {
    if (!isNumber(a) || !isNumber(b)) return new CelError(`no such overload: math.@${name}`);
    return better(compareNumbers(b, a)) ? b : a;
  };
  const ofList = (list: readonly CelValue[]): CelResult => {
    const [first, ...rest] = list;
    if (first === undefined) return new CelError(`math.@${name}(list) argument must not be empty`);
    let best: CelResult = choose(first, first);
    for (const item of rest) {
      if (best instanceof CelError) return best;
      best = choose(best, item);
    }
    return best;
  };
  const single = NUMBERS.map((type) =>
    overload(`math_@${name}_${type.name}`, [type], type, (value: CelValue) => value),
  );
  const pairs = NUMBERS.flatMap((a) => NUMBERS.map((b) => pair(name, a, b, choose)));
  const lists = NUMBERS.map((type) => overload(`math_@${name}_list_${type.name}`, [listType(type)], type, ofList));
  return declareFunction(`math.@${name}`, ...single, ...pairs, ...lists);
}

function pair(name: string, a: CelType, b: CelType, choose: (a: CelValue, b: CelValue) => CelResult): Overload {
  return overload(`math_@${name}_${a.name}_${b.name}`, [a, b], a === b ? a : DYN, choose);
}

/** `math.greatest(…)` and `math.least(…)`: any number of arguments, or one list. */
function extremeMacro(name: string, target: string): Macro {
  const label = `math.${name}()`;
  return {
    name,
    receiver: true,
    arity: 'any',
    expand(make, args, receiver) {
      if (receiver?.kind !== 'ident' || receiver.name !== 'math') return undefined;
      const [first] = args;
      if (first === undefined) return new MacroIssue(receiver.position, `${label} requires at least one argument`);
      if (args.length === 1 && !mayBeNumeric(first) && !isNumericList(first)) {
        return new MacroIssue(first.position, `${label} invalid single argument value`);
      }
      const bad = args.length > 1 ? args.find((argument) => !mayBeNumeric(argument)) : undefined;
      if (bad !== undefined) {
        return new MacroIssue(bad.position, `${label} simple literal arguments must be numeric`);
      }
      const list = args.map((value) => ({ value, optional: false }));
      return make.call(target, args.length > 2 ? [make.list(list)] : args, make.ident('math'));
    },
  };
}

function mayBeNumeric(expr: Expr): boolean {
  switch (expr.kind) {
    case 'literal':
      return isNumber(expr.value);
    case 'list':
    case 'map':
    case 'struct':
      return false;
    default:
      return true;
  }
}

function isNumericList(expr: Expr): boolean {
  return expr.kind === 'list' && expr.elements.length > 0 && expr.elements.every(({ value }) => mayBeNumeric(value));
}

const squareRoot = (value: CelInt | CelDouble | CelUint): CelResult => toDouble(Math.sqrt(approximate(value)));

/** The math extension, version 2. */
export function mathLibrary(): CelLibrary {
  return {
    name: 'math',
    macros: [extremeMacro('greatest', '@max'), extremeMacro('least', '@min')],
    functions: [
      extreme('max', (order) => order > 0),
      extreme('min', (order) => order < 0),
      onDouble('ceil', Math.ceil),
      onDouble('floor', Math.floor),
      onDouble('round', roundHalfAway),
      onDouble('trunc', Math.trunc),
      testDouble('isInf', (value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY),
      testDouble('isNaN', Number.isNaN),
      testDouble('isFinite', Number.isFinite),
      declareFunction(
        'math.abs',
        overload('math_abs_double', [DOUBLE], DOUBLE, (value: Double) => toDouble(Math.abs(doubleValue(value)))),
        overload('math_abs_int', [INT], INT, absoluteInt),
        overload('math_abs_uint', [UINT], UINT, (value: CelUint) => value),
      ),
      declareFunction(
        'math.sign',
        overload('math_sign_double', [DOUBLE], DOUBLE, (value: Double) => toDouble(sign(doubleValue(value)))),
        overload('math_sign_int', [INT], INT, (value: CelInt) => sign(Number(value))),
        overload('math_sign_uint', [UINT], UINT, ({ value }: CelUint) => new CelUint(value > 0n ? 1n : 0n)),
      ),
      declareFunction(
        'math.sqrt',
        ...NUMBERS.map((type) => overload(`math_sqrt_${type.name}`, [type], DOUBLE, squareRoot)),
      ),
      bitwise('bitAnd', (a, b) => a & b),
      bitwise('bitOr', (a, b) => a | b),
      bitwise('bitXor', (a, b) => a ^ b),
      declareFunction(
        'math.bitNot',
        overload('math_bitNot_int_int', [INT], INT, (value: CelInt) => signed(~BigInt(value))),
        overload('math_bitNot_uint_uint', [UINT], UINT, ({ value }: CelUint) => unsigned(~value)),
      ),
      shift('bitShiftLeft', (bits, by) => bits << by),
      shift('bitShiftRight', (bits, by) => bits >> by),
    ],
  };
}
