import { isJsonArray, isJsonObject, type Json, type JsonObject, withMember } from '../../kernel/json.ts';
import { parseJsonPointer } from '../../kernel/json-path.ts';

/** A copy of `resource` with the member at an existing JSON pointer replaced; the rest is shared. */
export function setAtPointer(resource: JsonObject, pointer: string, value: Json): JsonObject {
  const segments = parseJsonPointer(pointer) ?? [];
  const changed = segments.length === 0 ? value : setAt(resource, segments, 0, value);
  return isJsonObject(changed) ? changed : resource;
}

function setAt(holder: Json | undefined, segments: readonly string[], at: number, value: Json): Json {
  const segment = segments[at];
  if (segment === undefined) return value;
  if (isJsonArray(holder)) {
    const index = Number(segment);
    return holder.map((item, position) => (position === index ? setAt(item, segments, at + 1, value) : item));
  }
  if (!isJsonObject(holder)) return holder ?? null;
  const inner = Object.hasOwn(holder, segment) ? holder[segment] : undefined;
  return withMember(holder, segment, setAt(inner, segments, at + 1, value));
}
