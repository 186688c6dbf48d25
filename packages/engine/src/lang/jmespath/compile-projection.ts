import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import type { Frame, Run } from './frame.ts';
import { sortedKeys } from './text-order.ts';
import { isFalsy } from './truth.ts';

/** `left[*]right`: null when the left side is no list or lacks a key; null elements are left out. */
export function compileProjection(left: Run, right: Run | undefined): Run {
  return (value, frame) => {
    const list = left(value, frame);
    if (list instanceof EvaluationError) return list.notFound ? null : list;
    if (!Array.isArray(list)) return null;
    return project(list, right, frame);
  };
}

/**
 * `left.*right` over the values of an object, by sorted key (upstream: random order). Any failure on the left gives null.
 * As upstream, the right side is applied to one null a value first, which shows when it makes something of null:
 * `{"a": 1}` under `*.type(@)` is `["null", "number"]`.
 */
export function compileValueProjection(left: Run, right: Run | undefined): Run {
  return (value, frame) => {
    const object = left(value, frame);
    if (object instanceof EvaluationError || !isJsonObject(object)) return null;
    const keys = sortedKeys(object);
    const values = keys.map((key) => object[key] ?? null);
    if (right === undefined || keys.length === 0) return project(values, undefined, frame);
    const ofNull = right(null, frame);
    if (ofNull instanceof EvaluationError && !ofNull.notFound) return ofNull;
    const rest = project(values, right, frame);
    if (ofNull === null || ofNull instanceof EvaluationError || !Array.isArray(rest)) return rest;
    return [...keys.map(() => ofNull), ...rest];
  };
}

/** `left[?condition]right`: any failure on the left gives null, a missing key in the condition is false. */
export function compileFilter(left: Run, condition: Run, right: Run | undefined): Run {
  return (value, frame) => {
    const list = left(value, frame);
    if (list instanceof EvaluationError || !Array.isArray(list)) return null;
    const tooMany = frame.spend(list.length);
    if (tooMany) return tooMany;
    const kept: Json[] = [];
    for (const element of list as readonly Json[]) {
      const holds = condition(element, frame);
      if (holds instanceof EvaluationError) {
        if (!holds.notFound) return holds;
      } else if (!isFalsy(holds)) {
        const item = right === undefined ? element : right(element, frame);
        if (item instanceof EvaluationError) {
          if (!item.notFound) return item;
        } else if (item !== null) {
          kept.push(item);
        }
      }
    }
    return kept;
  };
}

/** `child[]`: lists inside the list are opened by one level. Any failure of the child gives null. */
export function compileFlatten(child: Run): Run {
  return (value, frame) => {
    const list = child(value, frame);
    if (list instanceof EvaluationError || !Array.isArray(list)) return null;
    const flat: Json[] = [];
    for (const element of list as readonly Json[]) {
      const tooMany = frame.spend(Array.isArray(element) ? element.length + 1 : 1);
      if (tooMany) return tooMany;
      if (Array.isArray(element)) for (const inner of element as readonly Json[]) flat.push(inner);
      else flat.push(element);
    }
    return flat;
  };
}

function project(list: readonly Json[], right: Run | undefined, frame: Frame): Json | EvaluationError {
  const tooMany = frame.spend(list.length);
  if (tooMany) return tooMany;
  const result: Json[] = [];
  for (const element of list) {
    const item = right === undefined ? element : right(element, frame);
    if (item instanceof EvaluationError) {
      if (!item.notFound) return item;
    } else if (item !== null) {
      result.push(item);
    }
  }
  return result;
}
