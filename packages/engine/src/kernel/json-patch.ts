import { EvaluationError } from './evaluation-error.ts';
import {
  isEqualJson,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonArray,
  type JsonObject,
  withMember,
} from './json.ts';
import { escapePointerSegment, parseJsonPointer } from './json-path.ts';
import { jsonSize } from './json-size.ts';

/** One operation of RFC 6902. */
export type PatchOperation = {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly value?: Json;
  readonly from?: string;
};

export interface JsonPatchOptions {
  /**
   * As Kyverno applies `patchesJson6902` (evanphx/json-patch with its three options): negative indices count from the
   * end, `add` creates the parents it misses, `remove` of what is not there does nothing. Off: RFC 6902 to the letter.
   */
  readonly lenient?: boolean;
  /** How much (`jsonSize`) all `copy` operations together may add; no bound when absent. */
  readonly copyLimit?: number;
}

/** Places that `add` may fill with null before an index it was asked to create. */
const PADDING_LIMIT = 1000;

/** The operations of a patch document, checked for shape. */
export function parseJsonPatch(document: Json): readonly PatchOperation[] | EvaluationError {
  if (!isJsonArray(document)) return new EvaluationError('a JSON Patch is a list of operations');
  for (const operation of document) {
    const problem = isJsonObject(operation) ? operationProblem(operation) : 'not an object';
    if (problem !== undefined) {
      return new EvaluationError(`invalid operation ${JSON.stringify(operation)}: ${problem}`);
    }
  }
  // The shape has just been checked.
  return document as readonly PatchOperation[];
}

function operationProblem({ op, path, from, value }: JsonObject): string | undefined {
  switch (op) {
    case 'add':
    case 'replace':
      if (value === undefined) return "failed to decode 'value': missing value";
      break;
    case 'move':
    case 'copy':
      if (typeof from !== 'string') return "failed to decode 'from': missing value";
      break;
    case 'remove':
    case 'test':
      break;
    default:
      return 'unsupported operation';
  }
  return typeof path === 'string' ? undefined : "failed to decode 'path': missing value";
}

/** `document` after all operations, or the failure of the first that does not apply. Copies what it changes. */
export function applyJsonPatch(
  document: Json,
  operations: readonly PatchOperation[],
  { lenient = false, copyLimit }: JsonPatchOptions = {},
): Json | EvaluationError {
  let at = document;
  let room = copyLimit ?? Number.POSITIVE_INFINITY;
  for (const operation of operations) {
    // A copy of what was copied before doubles: a few operations would fill the memory of whoever writes the result out.
    if (copyLimit !== undefined && operation.op === 'copy') room -= copiedSize(at, operation, room);
    if (room < 0) return new EvaluationError('copies come to more than a document may hold');
    const next = applyOperation(at, operation, lenient);
    if (next instanceof EvaluationError) return next;
    at = next;
  }
  return at;
}

function copiedSize(document: Json, { from = '' }: PatchOperation, most: number): number {
  const value = valueAt(document, parseJsonPointer(from) ?? [], true);
  return value === undefined ? 0 : jsonSize(value, most);
}

function applyOperation(document: Json, operation: PatchOperation, lenient: boolean): Json | EvaluationError {
  const { op, path } = operation;
  switch (op) {
    case 'add':
      return withKeys(path, (keys) => addValue(document, keys, operation.value ?? null, path, lenient));
    case 'remove':
      return withKeys(path, (keys) => removeValue(document, keys, path, lenient));
    case 'replace':
      return withKeys(path, (keys) => replaceValue(document, keys, operation.value ?? null, path, lenient));
    case 'test':
      return withKeys(path, (keys) => testValue(document, keys, operation, lenient));
    case 'move':
    case 'copy':
      return transfer(document, operation, lenient);
  }
}

function withKeys(path: string, apply: (keys: readonly string[]) => Json | EvaluationError): Json | EvaluationError {
  const keys = parseJsonPointer(path);
  return keys ? apply(keys) : missing('operation does not apply: path', path);
}

function missing(what: string, path: string): EvaluationError {
  return new EvaluationError(`${what}: "${path}": missing value`);
}

function addValue(
  document: Json,
  keys: readonly string[],
  value: Json,
  path: string,
  lenient: boolean,
): Json | EvaluationError {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (rest.length === 0) return insert(document, key, value, path, lenient);
  const child = childOf(document, key, lenient);
  if (child !== undefined && child !== null) {
    const changed = addValue(child, rest, value, path, lenient);
    return changed instanceof EvaluationError ? changed : put(document, key, changed, lenient);
  }
  // Upstream makes the parent at `-` as well, but then does not find it again.
  if (!lenient || key === '-') return missing('add operation does not apply: doc is missing path', path);
  return createParent(document, key, rest, value, path);
}

/** A parent that `add` misses: a list when the next key is an index, else an object. */
function createParent(
  document: Json,
  key: string,
  rest: readonly string[],
  value: Json,
  path: string,
): Json | EvaluationError {
  const next = rest[0] ?? '';
  const index = parseIndex(next, true);
  const isList = next === '-' || index !== undefined;
  if (index !== undefined && (index < -1 || index > PADDING_LIMIT)) {
    return new EvaluationError(`Unable to ensure path for index: ${index}: invalid index referenced`);
  }
  const parent: Json = isList ? new Array<Json>(Math.max(0, index ?? 0)).fill(null) : {};
  const made = addValue(parent, rest, value, path, true);
  if (made instanceof EvaluationError) return made;
  if (!isJsonArray(document)) return insert(document, key, made, path, true);
  const position = parseIndex(key, true);
  if (position === undefined || position <= document.length) return insert(document, key, made, path, true);
  if (position > PADDING_LIMIT) return invalidIndex('add', path, key);
  return [...document, ...new Array<Json>(position - document.length).fill(null), made];
}

function insert(container: Json, key: string, value: Json, path: string, lenient: boolean): Json | EvaluationError {
  if (isJsonObject(container)) return withMember(container, key, value);
  if (!isJsonArray(container)) return missing('add operation does not apply: doc is missing path', path);
  if (key === '-') return [...container, value];
  const index = parseIndex(key, lenient);
  if (index === undefined) {
    return new EvaluationError(
      `error in add for path: '${path}': value was not a proper array index: '${key}': invalid syntax`,
    );
  }
  // A negative index counts from the place after the last element, as upstream.
  const position = index < 0 ? index + container.length + 1 : index;
  if (position < 0 || position > container.length) return invalidIndex('add', path, key);
  return [...container.slice(0, position), value, ...container.slice(position)];
}

function invalidIndex(operation: string, path: string, key: string): EvaluationError {
  return new EvaluationError(
    `error in ${operation} for path: '${path}': Unable to access invalid index: ${key}: invalid index referenced`,
  );
}

function removeValue(document: Json, keys: readonly string[], path: string, lenient: boolean): Json | EvaluationError {
  const [key, ...rest] = keys;
  if (key === undefined) return missing('remove operation does not apply: doc is missing path', path);
  const child = childOf(document, key, lenient);
  if (child === undefined || (child === null && rest.length > 0)) {
    const isBadIndex = isJsonArray(document) && rest.length === 0 && parseIndex(key, lenient) === undefined;
    if (lenient && !isBadIndex) return document;
    return missing('remove operation does not apply: doc is missing path', path);
  }
  if (rest.length > 0) {
    const changed = removeValue(child, rest, path, lenient);
    if (changed instanceof EvaluationError) return changed;
    return changed === child ? document : put(document, key, changed, lenient);
  }
  if (isJsonArray(document)) {
    const index = position(document, key, lenient);
    return document.filter((_, at) => at !== index);
  }
  return withoutMember(document, key);
}

function withoutMember(document: Json, key: string): Json {
  if (!isJsonObject(document)) return document;
  const copy: Record<string, Json> = { ...document };
  delete copy[key];
  return copy;
}

function replaceValue(
  document: Json,
  keys: readonly string[],
  value: Json,
  path: string,
  lenient: boolean,
): Json | EvaluationError {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  const child = childOf(document, key, lenient);
  if (child === undefined) {
    const what = rest.length === 0 ? 'missing key' : 'missing path';
    return new EvaluationError(`replace operation does not apply: doc is ${what}: ${path}: missing value`);
  }
  if (rest.length === 0) return put(document, key, value, lenient);
  const changed = replaceValue(child, rest, value, path, lenient);
  return changed instanceof EvaluationError ? changed : put(document, key, changed, lenient);
}

function testValue(
  document: Json,
  keys: readonly string[],
  { path, value }: PatchOperation,
  lenient: boolean,
): Json | EvaluationError {
  const found = valueAt(document, keys, lenient);
  // Upstream: a member that is not there equals null.
  const isAbsentMember = found === undefined && isJsonObject(valueAt(document, keys.slice(0, -1), lenient));
  const holds = isAbsentMember ? lenient && value === null : value !== undefined && isEqualJson(found, value);
  return holds ? document : new EvaluationError(`testing value ${path} failed: test failed`);
}

function transfer(document: Json, operation: PatchOperation, lenient: boolean): Json | EvaluationError {
  const { op, path, from = '' } = operation;
  const source = parseJsonPointer(from);
  const value = source && valueAt(document, source, lenient);
  if (!source || value === undefined) return missing(`${op} operation does not apply: doc is missing from path`, from);
  if (op === 'move' && (from === '' || path.startsWith(`${from}/`))) {
    return new EvaluationError('unable to move a document into itself: invalid state detected');
  }
  const target = parseJsonPointer(path);
  if (!target) return missing(`${op} operation does not apply: doc is missing destination path`, path);
  const base = op === 'move' ? removeValue(document, source, from, lenient) : document;
  if (base instanceof EvaluationError) return base;
  // Upstream creates parents for `add` only.
  if (target.length > 0 && (valueAt(base, target.slice(0, -1), lenient) ?? undefined) === undefined) {
    return missing(`${op} operation does not apply: doc is missing destination path`, path);
  }
  return addValue(base, target, value, path, lenient);
}

function valueAt(document: Json, keys: readonly string[], lenient: boolean): Json | undefined {
  let found: Json | undefined = document;
  for (const key of keys) {
    if (found === undefined) return undefined;
    found = childOf(found, key, lenient);
  }
  return found;
}

function childOf(container: Json, key: string, lenient: boolean): Json | undefined {
  if (isJsonArray(container)) {
    const index = position(container, key, lenient);
    return index === undefined ? undefined : container[index];
  }
  if (!isJsonObject(container)) return undefined;
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

/** The place of an existing element. */
function position(container: JsonArray, key: string, lenient: boolean): number | undefined {
  const index = parseIndex(key, lenient);
  if (index === undefined) return undefined;
  const place = index < 0 ? index + container.length : index;
  return place >= 0 && place < container.length ? place : undefined;
}

/** An array index: strictly as RFC 6901 has it, or as Go reads any integer. */
function parseIndex(key: string, lenient: boolean): number | undefined {
  const isIndex = lenient ? /^[+-]?[0-9]{1,9}$/.test(key) : /^(?:0|[1-9][0-9]{0,8})$/.test(key);
  return isIndex ? Number(key) : undefined;
}

/** `container` with an existing child replaced. */
function put(container: Json, key: string, value: Json, lenient: boolean): Json {
  if (isJsonArray(container)) {
    const index = position(container, key, lenient);
    return container.map((item, at) => (at === index ? value : item));
  }
  return isJsonObject(container) ? withMember(container, key, value) : container;
}

/**
 * Operations that turn `before` into `after`: members by name; of two lists the common start and end stay, what lies
 * between is compared by position. Removals go from the back, so that every index is valid when its turn comes.
 */
export function diffJson(before: Json, after: Json): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  collectDifferences(before, after, '', operations);
  return operations;
}

function collectDifferences(before: Json, after: Json, path: string, operations: PatchOperation[]): void {
  if (before === after) return;
  if (isJsonObject(before) && isJsonObject(after)) collectMembers(before, after, path, operations);
  else if (isJsonArray(before) && isJsonArray(after)) collectElements(before, after, path, operations);
  else operations.push({ op: 'replace', path, value: after });
}

function collectMembers(before: JsonObject, after: JsonObject, path: string, operations: PatchOperation[]): void {
  for (const key of Object.keys(before)) {
    const isKept = Object.hasOwn(after, key);
    // what was not changed is shared
    if (isKept && before[key] === after[key]) continue;
    const place = `${path}/${escapePointerSegment(key)}`;
    if (isKept) collectDifferences(before[key] ?? null, after[key] ?? null, place, operations);
    else operations.push({ op: 'remove', path: place });
  }
  for (const key of Object.keys(after)) {
    if (Object.hasOwn(before, key)) continue;
    operations.push({ op: 'add', path: `${path}/${escapePointerSegment(key)}`, value: after[key] ?? null });
  }
}

function collectElements(before: JsonArray, after: JsonArray, path: string, operations: PatchOperation[]): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isEqualJson(before[start], after[start])) start++;
  let end = 0;
  while (end < shorter - start && isEqualJson(before[before.length - 1 - end], after[after.length - 1 - end])) end++;
  const common = shorter - end;
  for (let index = start; index < common; index++) {
    collectDifferences(before[index] ?? null, after[index] ?? null, `${path}/${index}`, operations);
  }
  for (let index = before.length - end - 1; index >= common; index--) {
    operations.push({ op: 'remove', path: `${path}/${index}` });
  }
  for (let index = common; index < after.length - end; index++) {
    operations.push({ op: 'add', path: `${path}/${index}`, value: after[index] ?? null });
  }
}
