import { CelError, CelStruct, type CelValue, checkObjectNames, toJson } from '@vouchsafe/cel';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import { applyJsonPatch, type PatchOperation } from '../../../kernel/json-patch.ts';

/** Most operations of one patch. Each may copy a list, so that many on a long one would take minutes. */
const MOST_OPERATIONS = 10_000;
/** What `copy` operations may add, in values and characters: more than the API server stores of an object. */
const COPY_LIMIT = 4 * 1024 * 1024;

/**
 * `object` after the `JSONPatch` operations that an expression gave. A failing `test` leaves it as it was; what else does
 * not apply is an error (kyverno-cel §4.3).
 */
export function applyPatchList(value: CelValue, object: JsonObject): JsonObject | CelError {
  const operations = toOperations(value);
  if (operations instanceof CelError) return operations;
  const patched = applyJsonPatch(object, operations, { copyLimit: COPY_LIMIT });
  if (patched instanceof EvaluationError) {
    return isFailedTest(patched) ? object : new CelError(`JSON Patch: ${patched.message}`);
  }
  return isJsonObject(patched) ? patched : new CelError('JSON Patch: the object is replaced by what is no object');
}

function isFailedTest({ message }: EvaluationError): boolean {
  return message.startsWith('testing value ') && message.endsWith(': test failed');
}

function toOperations(value: CelValue): readonly PatchOperation[] | CelError {
  // First, as it is bounded: what walks the value after it need not be.
  const list = toJson(value);
  if (list instanceof CelError) return list;
  const problem = isList(value) ? firstProblem(value) : undefined;
  if (problem) return problem;
  if (!isJsonArray(list)) return new CelError('type mismatch: JSONPatchType.expression should evaluate to array');
  if (list.length > MOST_OPERATIONS) {
    return new CelError(`JSON Patch: ${list.length} operations are more than the ${MOST_OPERATIONS} of one patch`);
  }
  const operations: PatchOperation[] = [];
  for (const item of list) {
    const operation = isJsonObject(item) ? toOperation(item) : undefined;
    if (operation instanceof CelError) return operation;
    if (operation) operations.push(operation);
  }
  return operations;
}

function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

/** Names in what is patched in start at the type of the value, as upstream. */
function firstProblem(list: readonly CelValue[]): CelError | undefined {
  for (const item of list) {
    const value = item instanceof CelStruct ? item.get('value') : undefined;
    const problem = value instanceof CelStruct ? checkObjectNames(value, value.celType.name) : undefined;
    if (problem) return problem;
  }
  return undefined;
}

const OPERATIONS: ReadonlySet<string> = new Set<PatchOperation['op']>([
  'add',
  'remove',
  'replace',
  'move',
  'copy',
  'test',
]);

function isOperation(op: string): op is PatchOperation['op'] {
  return OPERATIONS.has(op);
}

function toOperation(item: JsonObject): PatchOperation | CelError {
  const op = textOf(item, 'op');
  if (!isOperation(op)) return new CelError(`JSON Patch: Unexpected kind: ${op === '' ? 'unknown' : op}`);
  const from = textOf(item, 'from');
  const value: Json | undefined = member(item, 'value');
  return {
    op,
    path: textOf(item, 'path'),
    ...(from === '' ? {} : { from }),
    ...(value === undefined ? {} : { value }),
  };
}

function textOf(item: JsonObject, key: string): string {
  const value = member(item, key);
  return typeof value === 'string' ? value : '';
}
