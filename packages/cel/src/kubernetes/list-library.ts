import { declareFunction, member } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { elementsCost } from '../library/costs.ts';
import { add } from '../values/arithmetic.ts';
import { CelError, NO_SUCH_OVERLOAD } from '../values/cel-error.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  listType,
  STRING,
  TIMESTAMP,
  typeParameter,
  UINT,
} from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { isEqual } from '../values/equality.ts';
import { CelDouble, CelUint } from '../values/numbers.ts';
import { compareValues } from '../values/ordering.ts';
import { CelDuration } from '../values/time.ts';

type List = readonly CelValue[];

const COMPARABLE: readonly CelType[] = [INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES];
const ZEROS: readonly (readonly [CelType, CelValue])[] = [
  [INT, 0],
  [UINT, new CelUint(0n)],
  [DOUBLE, new CelDouble(0)],
  [DURATION, new CelDuration(0n)],
];
const T = typeParameter('T');

function isSorted(list: List): CelResult {
  for (let index = 1; index < list.length; index++) {
    const order = compareValues(list[index - 1] ?? null, list[index] ?? null);
    if (order === undefined) return NO_SUCH_OVERLOAD;
    if (order > 0) return false;
  }
  return true;
}

function sumFrom(zero: CelValue): (list: List) => CelResult {
  return (list) => {
    let sum: CelResult = zero;
    for (const item of list) {
      sum = add(sum, item);
      if (sum instanceof CelError) return sum;
    }
    return sum;
  };
}

function extreme(name: string, better: (order: number) => boolean): (list: List) => CelResult {
  const empty = new CelError(`${name} called on empty list`);
  return (list) => {
    let [best] = list;
    if (best === undefined) return empty;
    for (const item of list) {
      const order = compareValues(item, best);
      if (order === undefined) return NO_SUCH_OVERLOAD;
      if (better(order)) best = item;
    }
    return best;
  };
}

const indexOf = (list: List, wanted: CelValue): number => list.findIndex((item) => isEqual(item, wanted));
const lastIndexOf = (list: List, wanted: CelValue): number => list.findLastIndex((item) => isEqual(item, wanted));

/** `isSorted`, `sum`, `min`, `max`, `indexOf` and `lastIndexOf` on lists. */
export function kubernetesLists(): CelLibrary {
  const ofEach = (name: string, call: (list: List) => CelResult, result?: CelType) =>
    declareFunction(
      name,
      ...COMPARABLE.map((type) =>
        member(`list_${type.name}_${name}`, [listType(type)], result ?? type, call, elementsCost),
      ),
    );
  return {
    name: 'kubernetes.lists',
    functions: [
      ofEach('isSorted', isSorted, BOOL),
      ofEach(
        'min',
        extreme('min', (order) => order < 0),
      ),
      ofEach(
        'max',
        extreme('max', (order) => order > 0),
      ),
      declareFunction(
        'sum',
        ...ZEROS.map(([type, zero]) =>
          member(`list_${type.name}_sum`, [listType(type)], type, sumFrom(zero), elementsCost),
        ),
      ),
      declareFunction('indexOf', member('list_a_index_of_int', [listType(T), T], INT, indexOf, elementsCost)),
      declareFunction(
        'lastIndexOf',
        member('list_a_last_index_of_int', [listType(T), T], INT, lastIndexOf, elementsCost),
      ),
    ],
  };
}
