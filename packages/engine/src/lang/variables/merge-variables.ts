import { defineMember, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';

/** `added` over `base`: objects merge key by key, everything else replaces (kyverno-core §2.3). Copies on write. */
export function mergeVariables(base: Json | undefined, added: Json): Json {
  if (!isJsonObject(base) || !isJsonObject(added)) return added;
  const merged: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(added)) {
    defineMember(merged, key, mergeVariables(member(base, key), value));
  }
  return merged as JsonObject;
}
