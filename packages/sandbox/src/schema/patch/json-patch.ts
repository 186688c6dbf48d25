import {
  cloneJson,
  equalJson,
  isJsonObject,
  isWithinDepth,
  type JsonObject,
  type JsonValue,
  member,
  setMember,
} from '../json/json-value.ts';
import { SchemaError } from '../model/schema-error.ts';
import { goValueName } from '../typed/read-typed.ts';

/** Operations one patch may hold, and bytes its `copy` operations may add (limits of the API server). */
const MAX_OPERATIONS = 10_000;
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

type Container = JsonObject | JsonValue[];

/** A patch that does not apply. The API server hides the text of a user's patch and shows that of a webhook's. */
export class JsonPatchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonPatchError';
  }
}

/**
 * Applies an RFC 6902 patch from a request. The document is not changed.
 *
 * @throws SchemaError 400 for a patch that is none, 422 without details for one that does not apply, 413 for one too large.
 */
export function applyJsonPatch(document: JsonObject, patch: JsonValue): JsonObject {
  const operations = checkPatch(patch);
  try {
    return runJsonPatch(document, operations);
  } catch (error) {
    if (error instanceof JsonPatchError) {
      throw new SchemaError('the server rejected our request due to an error in our request', 'Invalid');
    }
    throw error;
  }
}

/**
 * Applies an RFC 6902 patch and tells why it does not apply, in the words a webhook's faulty patch is answered with:
 * `error in remove for path: '/spec/nope': unable to remove nonexistent key: nope: missing value`.
 *
 * @throws JsonPatchError
 */
export function runJsonPatch(document: JsonObject, operations: readonly JsonObject[]): JsonObject {
  const patcher = new JsonPatcher(cloneJson(document));
  for (const operation of operations) patcher.apply(operation);
  if (!isJsonObject(patcher.document) || !isWithinDepth(patcher.document)) {
    throw new JsonPatchError('replace operation value must be object or array');
  }
  return patcher.document;
}

function checkPatch(patch: JsonValue): JsonObject[] {
  if (!Array.isArray(patch)) {
    throw new SchemaError(
      `error decoding patch: json: cannot unmarshal ${goValueName(patch)} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (patch.length > MAX_OPERATIONS) {
    throw new SchemaError(
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
      'RequestEntityTooLarge',
    );
  }
  if (!isWithinDepth(patch)) throw new SchemaError('error decoding patch: exceeded max depth');
  return patch.map((operation) => {
    if (isJsonObject(operation)) return operation;
    throw new SchemaError(
      `error decoding patch: json: cannot unmarshal ${goValueName(operation)} into Go value of type handlers.jsonPatchOp`,
    );
  });
}

class JsonPatcher {
  document: Container;
  private copiedBytes = 0;

  constructor(document: Container) {
    this.document = document;
  }

  apply(operation: JsonObject): void {
    const kind = member(operation, 'op');
    switch (kind) {
      case 'add':
        this.add(operation);
        break;
      case 'remove':
        this.remove(operation);
        break;
      case 'replace':
        this.replace(operation);
        break;
      case 'move':
        this.move(operation);
        break;
      case 'copy':
        this.copy(operation);
        break;
      case 'test':
        this.test(operation);
        break;
      default:
        throw new JsonPatchError(`Unexpected kind: ${typeof kind === 'string' ? kind : 'unknown'}`);
    }
  }

  private add(operation: JsonObject): void {
    const path = textOf(operation, 'path', 'add operation failed to decode path: missing value');
    const { container, key } = this.find(path);
    if (container === undefined) throw missing(`add operation does not apply: doc is missing path: "${path}"`);
    within(`error in add for path: '${path}'`, () => insert(container, key, operationValue(operation)));
  }

  private remove(operation: JsonObject): void {
    const path = textOf(operation, 'path', 'remove operation failed to decode path: missing value');
    const { container, key } = this.find(path);
    if (container === undefined) throw missing(`remove operation does not apply: doc is missing path: "${path}"`);
    within(`error in remove for path: '${path}'`, () => take(container, key));
  }

  private replace(operation: JsonObject): void {
    const path = textOf(operation, 'path', 'replace operation failed to decode path: missing value');
    const value = operationValue(operation);
    if (path === '') {
      if (typeof value !== 'object' || value === null) {
        throw new JsonPatchError('replace operation value must be object or array');
      }
      this.document = value;
      return;
    }
    const { container, key } = this.find(path);
    if (container === undefined) throw missing(`replace operation does not apply: doc is missing path: ${path}`);
    if (read(container, key) === undefined)
      throw missing(`replace operation does not apply: doc is missing key: ${path}`);
    if (Array.isArray(container)) container[arrayIndex(key, container.length)] = value;
    else setMember(container, key, value);
  }

  private move(operation: JsonObject): void {
    const from = textOf(
      operation,
      'from',
      'move operation failed to decode from: operation, missing from field: missing value',
    );
    const source = this.find(from);
    const container = source.container;
    if (container === undefined) throw missing(`move operation does not apply: doc is missing from path: ${from}`);
    const value = within(`error in move for path: '${source.key}'`, () => take(container, source.key));
    const path = textOf(operation, 'path', 'move operation failed to decode path: missing value');
    const target = this.find(path);
    const into = target.container;
    if (into === undefined) throw missing(`move operation does not apply: doc is missing destination path: ${path}`);
    within(`error in move for path: '${path}'`, () => insert(into, target.key, value));
  }

  private copy(operation: JsonObject): void {
    const from = textOf(
      operation,
      'from',
      'copy operation failed to decode from: operation, missing from field: missing value',
    );
    const source = this.find(from);
    if (source.container === undefined)
      throw missing(`copy operation does not apply: doc is missing from path: ${from}`);
    const value = read(source.container, source.key);
    if (value === undefined) throw missing(`error in copy for from: '${from}'`);
    const path = textOf(operation, 'path', 'copy operation failed to decode path: missing value');
    const target = this.find(path);
    const into = target.container;
    if (into === undefined) throw missing(`copy operation does not apply: doc is missing destination path: ${path}`);
    this.copiedBytes += JSON.stringify(value).length;
    if (this.copiedBytes > MAX_COPIED_BYTES) {
      throw new JsonPatchError(
        `unable to complete the copy, the accumulated size increase of copy is ${this.copiedBytes}, exceeding the limit ${MAX_COPIED_BYTES}`,
      );
    }
    within('error while adding value during copy', () => insert(into, target.key, cloneJson(value)));
  }

  private test(operation: JsonObject): void {
    const path = textOf(operation, 'path', 'test operation failed to decode path: missing value');
    const expected = member(operation, 'value');
    if (path === '') {
      if (equalJson(this.document, expected ?? null)) return;
      throw new JsonPatchError(`testing value ${path} failed: test failed`);
    }
    const { container, key } = this.find(path);
    if (container === undefined) throw missing(`test operation does not apply: is missing path: ${path}`);
    if (Array.isArray(container)) within(`error in test for path: '${path}'`, () => arrayIndex(key, container.length));
    if (!equalJson(read(container, key) ?? null, expected ?? null)) {
      throw new JsonPatchError(`testing value ${path} failed: test failed`);
    }
  }

  /** The container that holds the last part of a pointer; `undefined` when the way to it is missing. */
  private find(path: string): { container: Container | undefined; key: string } {
    const parts = path.split('/');
    if (parts.length < 2) return { container: undefined, key: '' };
    let container: Container = this.document;
    for (const part of parts.slice(1, -1)) {
      const next = read(container, unescapePointer(part));
      if (typeof next !== 'object' || next === null) return { container: undefined, key: '' };
      container = next;
    }
    return { container, key: unescapePointer(parts.at(-1) ?? '') };
  }
}

function unescapePointer(part: string): string {
  return part.includes('~') ? part.replaceAll('~1', '/').replaceAll('~0', '~') : part;
}

function textOf(operation: JsonObject, field: string, otherwise: string): string {
  const value = member(operation, field);
  if (typeof value !== 'string') throw new JsonPatchError(otherwise);
  return value;
}

function operationValue(operation: JsonObject): JsonValue {
  return cloneJson(member(operation, 'value') ?? null);
}

function read(container: Container, key: string): JsonValue | undefined {
  if (!Array.isArray(container)) return member(container, key);
  const index = parseIndex(key);
  if (index === undefined) return undefined;
  return container.at(index);
}

function insert(container: Container, key: string, value: JsonValue): void {
  if (!Array.isArray(container)) {
    setMember(container, key, value);
    return;
  }
  if (key === '-') {
    container.push(value);
    return;
  }
  container.splice(arrayIndex(key, container.length + 1), 0, value);
}

function take(container: Container, key: string): JsonValue {
  if (Array.isArray(container)) {
    const index = arrayIndex(key, container.length);
    return container.splice(index, 1)[0] ?? null;
  }
  const value = member(container, key);
  if (value === undefined) throw missing(`unable to remove nonexistent key: ${key}`);
  delete container[key];
  return value;
}

function parseIndex(key: string): number | undefined {
  return key.length <= 9 && /^[+-]?\d+$/.test(key) ? Number(key) : undefined;
}

/** A list index within `length`; negative ones count from the end, as the API server allows. */
function arrayIndex(key: string, length: number): number {
  const index = parseIndex(key);
  if (index === undefined) {
    throw new JsonPatchError(
      `value was not a proper array index: '${key}': strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`,
    );
  }
  if (index >= length || index < -length) {
    throw new JsonPatchError(`unable to access invalid index: ${index}: invalid index referenced`);
  }
  return index < 0 ? index + length : index;
}

function missing(text: string): JsonPatchError {
  return new JsonPatchError(`${text}: missing value`);
}

function within<T>(context: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof JsonPatchError) throw new JsonPatchError(`${context}: ${error.message}`);
    throw error;
  }
}
