import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { defineMember, isEqualJson, isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import { formatFloat32, formatGoJson, formatGoNumber } from '../go-value.ts';
import { sortedKeys } from '../text-order.ts';
import {
  type CallContext,
  definePure,
  type ExpressionReference,
  type FunctionDefinition,
  parameter,
} from './definition.ts';
import { argumentError, functionError } from './function-error.ts';
import { compareScalars } from './numbers.ts';

/** Functions on lists and objects. Bodies rely on the checked parameter types. */
export const COLLECTION_FUNCTIONS: readonly FunctionDefinition[] = [
  definePure({
    name: 'keys',
    parameters: [parameter('object', 'object')],
    returns: 'array[string]',
    summary: 'keys of an object, sorted',
    example: { expression: 'keys(`{"b": 1, "a": 2}`)', result: ['a', 'b'] },
    call: ([object]) => sortedKeys(object as JsonObject),
  }),
  definePure({
    name: 'values',
    parameters: [parameter('object', 'object')],
    returns: 'array',
    summary: 'values of an object, in the order of its sorted keys',
    example: { expression: 'values(`{"b": 1, "a": 2}`)', result: [2, 1] },
    call: ([value]) => {
      const object = value as JsonObject;
      return sortedKeys(object).map((key) => object[key] ?? null);
    },
  }),
  definePure({
    name: 'length',
    parameters: [parameter('value', 'string', 'array', 'object')],
    returns: 'number',
    summary: 'characters of a string, members of a list or of an object',
    example: { expression: 'length(`[1, 2]`)', result: 2 },
    call: ([value]) => lengthOf(value as string | readonly Json[] | JsonObject),
  }),
  definePure({
    name: 'merge',
    parameters: [{ name: 'objects', types: ['object'], variadic: true }],
    returns: 'object',
    summary: 'one object with the members of all; later ones win',
    example: { expression: 'merge(`{"a": 1}`, `{"a": 2, "b": 3}`)', result: { a: 2, b: 3 } },
    call: (objects) => {
      const merged: Record<string, Json> = {};
      for (const object of objects as readonly JsonObject[]) {
        for (const key of Object.keys(object)) defineMember(merged, key, object[key] ?? null);
      }
      return merged;
    },
  }),
  definePure({
    name: 'not_null',
    parameters: [{ name: 'values', types: ['any'], variadic: true }],
    returns: 'any',
    summary: 'the first argument that is not null',
    example: { expression: 'not_null(a, b)', input: { b: 1 }, result: 1 },
    call: (values) => (values.find((value) => value !== null) as Json | undefined) ?? null,
  }),
  definePure({
    name: 'reverse',
    parameters: [parameter('value', 'array', 'string')],
    returns: 'any',
    summary: 'a list, or the characters of a string, in reverse order',
    example: { expression: "reverse('abc')", result: 'cba' },
    call: ([value]) =>
      typeof value === 'string' ? [...value].reverse().join('') : [...(value as readonly Json[])].reverse(),
  }),
  definePure({
    name: 'sort',
    parameters: [parameter('values', 'array[string]', 'array[number]')],
    returns: 'array',
    summary: 'a list of numbers or of strings, in ascending order',
    example: { expression: 'sort(`[3, 1, 2]`)', result: [1, 2, 3] },
    call: ([values]) => [...(values as readonly Json[])].sort(compareScalars),
  }),
  definePure({
    name: 'sort_by',
    parameters: [parameter('values', 'array'), parameter('by', 'expref')],
    returns: 'array',
    summary: 'a list ordered by a number or string that an expression gives for each member',
    example: { expression: 'sort_by(@, &n)', input: [{ n: 2 }, { n: 1 }], result: [{ n: 1 }, { n: 2 }] },
    call: ([values, by]) => sortBy(values as readonly Json[], by as ExpressionReference),
  }),
  definePure({
    name: 'max_by',
    parameters: [parameter('values', 'array'), parameter('by', 'expref')],
    returns: 'any',
    summary: 'the member for which an expression gives the largest number or string',
    example: { expression: 'max_by(@, &n)', input: [{ n: 2 }, { n: 1 }], result: { n: 2 } },
    call: ([values, by]) => extremeBy(values as readonly Json[], by as ExpressionReference, 1),
  }),
  definePure({
    name: 'min_by',
    parameters: [parameter('values', 'array'), parameter('by', 'expref')],
    returns: 'any',
    summary: 'the member for which an expression gives the smallest number or string',
    example: { expression: 'min_by(@, &n)', input: [{ n: 2 }, { n: 1 }], result: { n: 1 } },
    call: ([values, by]) => extremeBy(values as readonly Json[], by as ExpressionReference, -1),
  }),
  definePure({
    name: 'map',
    parameters: [parameter('expression', 'expref'), parameter('values', 'array')],
    returns: 'array',
    summary: 'what an expression gives for each member; null where a key is missing',
    example: { expression: 'map(&n, @)', input: [{ n: 2 }, { m: 1 }], result: [2, null] },
    call: ([expression, values]) => map(expression as ExpressionReference, values as readonly Json[]),
  }),
  definePure({
    name: 'to_array',
    parameters: [parameter('value', 'any')],
    returns: 'array',
    summary: 'a list as it is, anything else as a list of one',
    example: { expression: "to_array('a')", result: ['a'] },
    call: ([value]) => (Array.isArray(value) ? (value as readonly Json[]) : [value as Json]),
  }),
  definePure({
    name: 'to_string',
    parameters: [parameter('value', 'any')],
    returns: 'string',
    summary: 'a string as it is, anything else as JSON',
    example: { expression: 'to_string(`{"a": [1, true]}`)', result: '{"a":[1,true]}' },
    call: ([value]) => (typeof value === 'string' ? value : formatGoJson(value as Json)),
  }),
  definePure({
    name: 'type',
    parameters: [parameter('value', 'any')],
    returns: 'string',
    summary: 'number, string, boolean, array, object or null',
    example: { expression: 'type(`[]`)', result: 'array' },
    call: ([value]) => typeName(value as Json),
  }),
  definePure({
    name: 'contains',
    parameters: [parameter('subject', 'array', 'string'), parameter('search', 'any')],
    returns: 'boolean',
    summary: 'whether a list holds a value, or a string another string',
    example: { expression: "contains('kube-system', 'kube')", result: true },
    call: ([subject, search]) => {
      if (typeof subject === 'string') return typeof search === 'string' && subject.includes(search);
      // Upstream compares with Go's `==`, which objects and lists never satisfy.
      return typeof search !== 'object' || search === null
        ? (subject as readonly Json[]).includes(search as Json)
        : false;
    },
  }),
  definePure({
    name: 'lookup',
    parameters: [parameter('collection', 'object', 'array'), parameter('key', 'string', 'number')],
    returns: 'any',
    summary: 'the member at a key or an index; null when there is none',
    example: { expression: 'lookup(`{"a": 1}`, \'a\')', result: 1 },
    call: ([collection, key]) => lookup(collection as readonly Json[] | JsonObject, key as string | number),
  }),
  definePure({
    name: 'items',
    parameters: [parameter('collection', 'object', 'array'), parameter('key', 'string'), parameter('value', 'string')],
    returns: 'array',
    summary: 'the members of an object, sorted by key, or of a list, as objects of a key and a value',
    example: { expression: "items(`{\"a\": 1}`, 'k', 'v')", result: [{ k: 'a', v: 1 }] },
    call: ([collection, key, value]) =>
      items(collection as readonly Json[] | JsonObject, key as string, value as string),
  }),
  definePure({
    name: 'object_from_lists',
    parameters: [parameter('keys', 'array'), parameter('values', 'array')],
    returns: 'object',
    summary: 'an object made of a list of keys and a list of values; null where values run out',
    example: { expression: 'object_from_lists(`["a", "b"]`, `[1]`)', result: { a: 1, b: null } },
    call: ([keys, values]) => objectFromLists(keys as readonly Json[], values as readonly Json[]),
  }),
  definePure({
    name: 'label_match',
    parameters: [parameter('labels', 'object'), parameter('target', 'object')],
    returns: 'boolean',
    summary: 'whether every member of the first object is in the second with an equal value',
    example: { expression: 'label_match(`{"a": "x"}`, `{"a": "x", "b": "y"}`)', result: true },
    call: ([labels, target], context) => labelMatch(labels as JsonObject, target as JsonObject, context),
  }),
];

function lengthOf(value: string | readonly Json[] | JsonObject): number {
  if (typeof value === 'object') return Array.isArray(value) ? value.length : Object.keys(value).length;
  let count = 0;
  for (let index = 0; index < value.length; index++) {
    // The second half of a surrogate pair is no character of its own.
    const unit = value.charCodeAt(index);
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}

function typeName(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const NOT_ORDERABLE = new EvaluationError('invalid type, must be number of string');

function sortBy(values: readonly Json[], by: ExpressionReference): Json | EvaluationError {
  if (values.length < 2) return values;
  const keyed: { readonly value: Json; readonly key: string | number }[] = [];
  let type: string | undefined;
  for (const value of values) {
    const key = by.evaluate(value);
    if (key instanceof EvaluationError && !key.notFound && type === undefined) return key;
    if (typeof key !== 'string' && typeof key !== 'number') {
      return type === undefined ? NOT_ORDERABLE : new EvaluationError('error in sort_by comparison');
    }
    type ??= typeof key;
    if (typeof key !== type) return new EvaluationError('error in sort_by comparison');
    keyed.push({ value, key });
  }
  return keyed.sort((a, b) => compareScalars(a.key, b.key)).map(({ value }) => value);
}

function extremeBy(values: readonly Json[], by: ExpressionReference, sign: 1 | -1): Json | EvaluationError {
  if (values.length < 2) return values[0] ?? null;
  let best: Json = null;
  let bestKey: string | number | undefined;
  for (const value of values) {
    const key = by.evaluate(value);
    if (key instanceof EvaluationError && !key.notFound) return key;
    if (typeof key !== 'string' && typeof key !== 'number') {
      return bestKey === undefined ? NOT_ORDERABLE : new EvaluationError(`invalid type, must be ${typeof bestKey}`);
    }
    if (bestKey !== undefined && typeof key !== typeof bestKey) {
      return new EvaluationError(`invalid type, must be ${typeof bestKey}`);
    }
    if (bestKey === undefined || compareScalars(key, bestKey) * sign > 0) {
      best = value;
      bestKey = key;
    }
  }
  return best;
}

function map(expression: ExpressionReference, values: readonly Json[]): Json | EvaluationError {
  const mapped: Json[] = [];
  for (const value of values) {
    const item = expression.evaluate(value);
    if (item instanceof EvaluationError) {
      if (!item.notFound) return item;
      mapped.push(null);
    } else {
      mapped.push(item);
    }
  }
  return mapped;
}

function lookup(collection: readonly Json[] | JsonObject, key: string | number): Json | EvaluationError {
  if (isJsonObject(collection)) {
    return typeof key === 'string' ? (member(collection, key) ?? null) : argumentError('lookup', 2, 'String');
  }
  if (typeof key !== 'number') return argumentError('lookup', 2, 'Number');
  if (!Number.isInteger(key)) {
    return functionError('lookup', `argument #2: expected an integer number but got: ${formatGoNumber(key)}`);
  }
  if (Math.abs(key) >= 2 ** 63) {
    return functionError(
      'lookup',
      `argument #2: number is outside the range of integer numbers: ${formatGoNumber(key)}`,
    );
  }
  return collection[key] ?? null;
}

function items(collection: readonly Json[] | JsonObject, keyName: string, valueName: string): Json {
  const pair = (key: Json, value: Json): Json => {
    const entry: Record<string, Json> = {};
    defineMember(entry, keyName, key);
    defineMember(entry, valueName, value);
    return entry;
  };
  if (isJsonObject(collection)) return sortedKeys(collection).map((key) => pair(key, collection[key] ?? null));
  return collection.map((value, index) => pair(index, value));
}

function objectFromLists(keys: readonly Json[], values: readonly Json[]): Json | EvaluationError {
  const object: Record<string, Json> = {};
  for (const [index, key] of keys.entries()) {
    if (key === null || typeof key === 'object') return argumentError('object_from_lists', 1, 'StringArray');
    defineMember(object, typeof key === 'number' ? formatFloat32(key) : String(key), values[index] ?? null);
  }
  return object;
}

function labelMatch(labels: JsonObject, target: JsonObject, context: CallContext): boolean | EvaluationError {
  const keys = Object.keys(labels);
  return (
    context.spend(keys.length) ??
    keys.every((key) => Object.hasOwn(target, key) && isEqualJson(labels[key], target[key]))
  );
}
