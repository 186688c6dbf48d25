import { CelError, type CelValue, checkObjectNames, toJson } from '@vouchsafe/cel';
import { isJsonObject, type JsonObject, member, withMember } from '../../../kernel/json.ts';
import { atomicPaths } from './atomic-paths.ts';
import { valueProblem } from './check-values.ts';
import { mergeValues } from './merge-values.ts';
import type { ObjectSchema } from './object-schema.ts';

export interface ApplyOptions {
  /** How the kind merges; `undefined` when nobody knows, and nothing can be applied. */
  readonly schema: ObjectSchema | undefined;
  /** Lists, maps and objects that are replaced as a whole may be given (`evaluation.useServerSideApply`). */
  readonly allowAtomic: boolean;
}

/** `object` with the `Object{…}` that an expression gave merged into it (kyverno-cel §4.3). */
export function applyConfiguration(
  value: CelValue,
  object: JsonObject,
  { schema, allowAtomic }: ApplyOptions,
): JsonObject | CelError {
  // First, as it is bounded: what walks the value after it need not be.
  const json = toJson(value);
  if (json instanceof CelError) return json;
  const mismatch = checkObjectNames(value);
  if (mismatch) return mismatch;
  if (!isJsonObject(json)) return new CelError('unsupported return type from ApplyConfiguration expression');
  if (!schema) return failed('type converter must not be nil');
  const applied = ofSameKind(json, object);
  const problem = valueProblem(schema, applied);
  if (problem !== undefined) return failed(`failed to convert patch object to typed object: ${problem}`);
  const atomics = allowAtomic ? [] : atomicPaths(schema, applied);
  if (atomics.length > 0) return failed(`invalid ApplyConfiguration: ${MAY_NOT}: ${atomics.join(', ')}`);
  const merged = mergeValues(schema, object, applied);
  return isJsonObject(merged) ? merged : failed('failed to merge patch');
}

const MAY_NOT = 'may not mutate atomic arrays, maps or structs';

function failed(reason: string): CelError {
  return new CelError(`error applying patch: ${reason}`);
}

/** What an expression says about the kind does not count. */
function ofSameKind(applied: JsonObject, object: JsonObject): JsonObject {
  let same = applied;
  for (const key of ['apiVersion', 'kind']) {
    const value = member(object, key);
    if (value !== undefined) same = withMember(same, key, value);
  }
  return same;
}
