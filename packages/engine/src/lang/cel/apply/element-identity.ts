import { isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import type { ListSchema } from './object-schema.ts';

/** What tells an element of a list from the others, as a text that is equal for equal ones; or why nothing does. */
export type ElementIdentity =
  | { readonly id: string; readonly shown: string; readonly problem?: undefined }
  | { readonly problem: string };

/** By the keys of the list, or by the element itself in a set. */
export function identifyElement(list: ListSchema, element: Json): ElementIdentity {
  return list.keys.length > 0 ? identifyByKeys(list, element) : identifyByValue(element);
}

function identifyByKeys({ keys, element: schema }: ListSchema, element: Json): ElementIdentity {
  if (element === null) return { problem: 'associative list with keys may not have a null element' };
  if (!isJsonObject(element)) return { problem: 'associative list with keys may not have non-map elements' };
  const map = schema().map;
  const found = [...keys].sort().flatMap((key) => {
    const value = keyValue(element, key, map?.field(key)?.fallback);
    return value === undefined ? [] : [[key, value] as const];
  });
  if (found.length > 0) {
    const shown = found.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',');
    return { id: JSON.stringify(found), shown: `[${shown}]` };
  }
  const names = keys.map((key) => JSON.stringify(key)).join(' ');
  const problem = `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`;
  return { problem };
}

/** A key that is null has that value; only one that is left out has its default. */
function keyValue(element: JsonObject, key: string, fallback: Json | undefined): Json | undefined {
  const given = member(element, key);
  return given === undefined ? fallback : given;
}

function identifyByValue(element: Json): ElementIdentity {
  if (isJsonObject(element)) return { problem: "associative list without keys has an element that's a map type" };
  if (Array.isArray(element)) return { problem: 'not supported: associative list with lists as elements' };
  if (element === null) return { problem: "associative list without keys has an element that's an explicit null" };
  const id = JSON.stringify(element);
  return { id, shown: `[=${id}]` };
}
