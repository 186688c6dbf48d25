import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  listType,
  mapType,
  optionalType,
  STRING,
  TIMESTAMP,
  typeParameter,
  UINT,
} from '../values/cel-type.ts';

/** Parameters and result of one use of an operator. */
export interface OperatorOverload {
  readonly parameters: readonly CelType[];
  readonly result: CelType;
}

const T = typeParameter('T');
const K = typeParameter('K');
const V = typeParameter('V');

function use(result: CelType, ...parameters: CelType[]): OperatorOverload {
  return { parameters, result };
}

function same(result: CelType | undefined, types: readonly CelType[]): OperatorOverload[] {
  return types.map((type) => use(result ?? type, type, type));
}

const ORDERED = [BOOL, INT, UINT, DOUBLE, STRING, BYTES, TIMESTAMP, DURATION];
const NUMBERS = [INT, UINT, DOUBLE];
const MIXED = NUMBERS.flatMap((a) => NUMBERS.filter((b) => b !== a).map((b) => use(BOOL, a, b)));
const COMPARISON = [...same(BOOL, ORDERED), ...MIXED];
const EQUALITY = [use(BOOL, T, T)];

/** The operators of the language. `&&`, `||` and `a.?b` have rules of their own in the checker. */
export const OPERATORS: ReadonlyMap<string, readonly OperatorOverload[]> = new Map([
  ['_?_:_', [use(T, BOOL, T, T)]],
  ['!_', [use(BOOL, BOOL)]],
  ['-_', [use(INT, INT), use(DOUBLE, DOUBLE)]],
  ['_==_', EQUALITY],
  ['_!=_', EQUALITY],
  ['_<_', COMPARISON],
  ['_<=_', COMPARISON],
  ['_>_', COMPARISON],
  ['_>=_', COMPARISON],
  [
    '_+_',
    [
      ...same(undefined, [INT, UINT, DOUBLE, STRING, BYTES]),
      use(listType(T), listType(T), listType(T)),
      use(DURATION, DURATION, DURATION),
      use(TIMESTAMP, TIMESTAMP, DURATION),
      use(TIMESTAMP, DURATION, TIMESTAMP),
    ],
  ],
  [
    '_-_',
    [
      ...same(undefined, NUMBERS),
      use(DURATION, TIMESTAMP, TIMESTAMP),
      use(TIMESTAMP, TIMESTAMP, DURATION),
      use(DURATION, DURATION, DURATION),
    ],
  ],
  ['_*_', same(undefined, NUMBERS)],
  ['_/_', same(undefined, NUMBERS)],
  ['_%_', same(undefined, [INT, UINT])],
  ['@in', [use(BOOL, T, listType(T)), use(BOOL, K, mapType(K, V))]],
  [
    '_[_]',
    [
      use(T, listType(T), INT),
      use(V, mapType(K, V), K),
      use(optionalType(T), optionalType(listType(T)), INT),
      use(optionalType(V), optionalType(mapType(K, V)), K),
    ],
  ],
  [
    '_[?_]',
    [
      use(optionalType(T), listType(T), INT),
      use(optionalType(V), mapType(K, V), K),
      use(optionalType(T), optionalType(listType(T)), INT),
      use(optionalType(V), optionalType(mapType(K, V)), K),
    ],
  ],
]);
