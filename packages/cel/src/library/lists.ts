import {
  type CallCost,
  declareFunction,
  type FunctionDeclaration,
  member,
  overload,
} from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { type Macro, MacroIssue } from '../syntax/macro.ts';
import { variableName } from '../syntax/standard-macros.ts';
import { CelError } from '../values/cel-error.ts';
import { toMapKey } from '../values/cel-map.ts';
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  STRING,
  TIMESTAMP,
  typeParameter,
  UINT,
} from '../values/cel-type.ts';
import type { CelResult, CelValue } from '../values/cel-value.ts';
import { isEqual } from '../values/equality.ts';
import { approximate, type CelInt } from '../values/numbers.ts';
import { compareValues } from '../values/ordering.ts';
import { typeOf } from '../values/type-of.ts';

type List = readonly CelValue[];

const T = typeParameter('T');
const LIST_T = listType(T);
const COMPARABLE = [INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES];
const LENGTH_LIMIT = 1_000_000;

function slice(list: List, start: CelInt, end: CelInt): CelResult {
  const problem = sliceProblem(list, start, end);
  return problem === undefined
    ? list.slice(approximate(start), approximate(end))
    : new CelError(`cannot slice(${start}, ${end}), ${problem}`);
}

function sliceProblem(list: List, start: CelInt, end: CelInt): string | undefined {
  if (start < 0 || end < 0) return 'negative indexes not supported';
  if (start > end) return 'start index must be less than or equal to end index';
  return end > list.length ? `list is length ${list.length}` : undefined;
}

function flatten(list: List, depth: CelInt = 1): CelResult {
  if (depth < 0) return new CelError('level must be non-negative');
  return flattenInto([], list, approximate(depth));
}

function flattenInto(flat: CelValue[], list: List, depth: number): CelValue[] {
  for (const item of list) {
    if (depth > 0 && Array.isArray(item)) flattenInto(flat, item, depth - 1);
    else flat.push(item);
  }
  return flat;
}

function distinct(list: List): CelResult {
  const keys = new Set<unknown>();
  const others: CelValue[] = [];
  const kept: CelValue[] = [];
  for (const item of list) {
    const key = toMapKey(item);
    if (key === undefined || Number.isNaN(key)) {
      // NaN equals nothing, itself included.
      if (others.some((other) => isEqual(item, other))) continue;
      others.push(item);
    } else {
      if (keys.has(key)) continue;
      keys.add(key);
    }
    kept.push(item);
  }
  return kept;
}

/** Sorts a list by keys of one comparable type; equal keys keep their order. */
function sortByKeys(list: List, keys: List): CelResult {
  const [first] = keys;
  if (first === undefined) return list;
  const { name } = typeOf(first);
  if (compareValues(first, first) === undefined) return new CelError('list elements must be comparable');
  if (keys.some((key) => typeOf(key).name !== name)) return new CelError('list elements must have the same type');
  const order = list.map((_, index) => index);
  order.sort((a, b) => compareValues(keys[a] ?? null, keys[b] ?? null) ?? 0);
  return order.map((index) => list[index] ?? null);
}

function range(end: CelInt): CelResult {
  const length = Math.max(0, approximate(end));
  // A bound of our own: the original makes lists of any length.
  if (length > LENGTH_LIMIT) return new CelError(`lists.range is limited to ${LENGTH_LIMIT} elements`);
  return Array.from({ length }, (_, index) => index);
}

function lengthOf(value: CelValue): number {
  return Array.isArray(value) ? value.length : 1;
}

// What the original charges: one for the call, ten for the list that is made, and the work.
const copyCost: CallCost = (_list, _other, result) => 11 + lengthOf(result);
const walkListCost: CallCost = (list) => 11 + lengthOf(list);
const pairsCost: CallCost = (list) => 11 + 2 * lengthOf(list) ** 2;

const SORTED_INPUT = '@__sortBy_input__';

/** `list.sortBy(e, key)`. */
const SORT_BY: Macro = {
  name: 'sortBy',
  receiver: true,
  arity: 2,
  expand(make, [first, step], target) {
    const variable = variableName(first);
    if (variable instanceof MacroIssue) return variable;
    if (target === undefined || step === undefined) return undefined;
    if (target.kind === 'literal' || target.kind === 'map' || target.kind === 'struct') {
      return new MacroIssue(
        target.position,
        'sortBy can only be applied to a list, identifier, comprehension, call or select expression',
      );
    }
    const input = () => make.ident(SORTED_INPUT);
    const keys = make.comprehension({ form: 'map', range: input(), variables: [variable], step });
    return make.bind(SORTED_INPUT, target, make.call('@sortByAssociatedKeys', [keys], input()));
  },
};

const VERSION_1: readonly FunctionDeclaration[] = [
  declareFunction('slice', member('list_slice', [LIST_T, INT, INT], LIST_T, slice, copyCost)),
  declareFunction(
    'flatten',
    member('list_flatten', [listType(listType(T))], LIST_T, flatten, copyCost),
    member('list_flatten_int', [listType(DYN), INT], listType(DYN), flatten, copyCost),
  ),
];

const VERSION_2: readonly FunctionDeclaration[] = [
  declareFunction(
    'sort',
    ...COMPARABLE.map((type) =>
      member(
        `list_${type.name}_sort`,
        [listType(type)],
        listType(type),
        (list: List) => sortByKeys(list, list),
        pairsCost,
      ),
    ),
  ),
  declareFunction(
    '@sortByAssociatedKeys',
    ...COMPARABLE.map((type) =>
      member(`list_${type.name}_sortByAssociatedKeys`, [LIST_T, listType(type)], LIST_T, sortByKeys, pairsCost),
    ),
  ),
  declareFunction('lists.range', overload('lists_range', [INT], listType(INT), range, copyCost)),
  declareFunction(
    'reverse',
    member('list_reverse', [LIST_T], LIST_T, (list: List) => list.toReversed(), walkListCost),
  ),
  declareFunction('distinct', member('list_distinct', [LIST_T], LIST_T, distinct, pairsCost)),
];

/** The lists extension: version 1 has `slice` and `flatten`, version 2 sorting, `range`, `reverse`, `distinct`. */
export function listsLibrary(version = 3): CelLibrary {
  if (version < 2) return { name: 'lists', functions: VERSION_1 };
  return { name: 'lists', functions: [...VERSION_1, ...VERSION_2], macros: [SORT_BY] };
}

/** The sets extension: lists compared without regard to order and repetition. */
export function setsLibrary(): CelLibrary {
  const contains = (list: List, wanted: List): boolean =>
    wanted.every((item) => list.some((own) => isEqual(own, item)));
  const once: CallCost = (a, b) => 1 + lengthOf(a) * lengthOf(b);
  const twice: CallCost = (a, b) => 1 + 2 * lengthOf(a) * lengthOf(b);
  return {
    name: 'sets',
    functions: [
      declareFunction('sets.contains', overload('list_sets_contains_list', [LIST_T, LIST_T], BOOL, contains, once)),
      declareFunction(
        'sets.equivalent',
        overload(
          'list_sets_equivalent_list',
          [LIST_T, LIST_T],
          BOOL,
          (a: List, b: List) => contains(a, b) && contains(b, a),
          twice,
        ),
      ),
      declareFunction(
        'sets.intersects',
        overload(
          'list_sets_intersects_list',
          [LIST_T, LIST_T],
          BOOL,
          (a: List, b: List) => a.some((item) => contains(b, [item])),
          once,
        ),
      ),
    ],
  };
}
