import { isJsonArray, isJsonObject, type Json, type JsonObject, member, withMember } from './json.ts';

/** The value at a place; `undefined` when there is none. */
export function readAt(resource: JsonObject | undefined, segments: readonly string[]): Json | undefined {
  let at: Json | undefined = resource;
  for (const segment of segments) {
    if (isJsonArray(at)) at = at[Number(segment)];
    else if (isJsonObject(at)) at = member(at, segment);
    else return undefined;
  }
  return at;
}

/** A copy of `resource` with what is at an existing place replaced; the rest is shared. */
export function setAt(resource: JsonObject, segments: readonly string[], value: Json): JsonObject {
  const changed = replace(resource, segments, 0, value);
  return isJsonObject(changed) ? changed : resource;
}

function replace(holder: Json | undefined, segments: readonly string[], depth: number, value: Json): Json {
  const segment = segments[depth];
  if (segment === undefined) return value;
  if (isJsonArray(holder)) {
    const index = Number(segment);
    return holder.map((item, position) => (position === index ? replace(item, segments, depth + 1, value) : item));
  }
  if (!isJsonObject(holder)) return holder ?? null;
  return withMember(holder, segment, replace(member(holder, segment), segments, depth + 1, value));
}
