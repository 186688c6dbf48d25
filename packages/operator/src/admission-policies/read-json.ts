import { isJsonArray, isJsonObject, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';

export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject | undefined {
  const found = memberAt(value, ...path);
  return isJsonObject(found) ? found : undefined;
}

export function objectsAt(value: Json | undefined, ...path: readonly string[]): readonly JsonObject[] {
  return listAt(value, ...path).filter(isJsonObject);
}

export function textsAt(value: Json | undefined, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((item): item is string => typeof item === 'string');
}

export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = memberAt(value, ...path);
  return typeof found === 'string' ? found : '';
}

export function listAt(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const found = memberAt(value, ...path);
  return isJsonArray(found) ? found : [];
}

/** The members of an object that it has, in the order asked for. */
export function pick(value: JsonObject | undefined, names: readonly string[]): JsonObject {
  const picked: Record<string, Json> = {};
  for (const name of names) {
    const found = memberAt(value, name);
    if (found !== undefined && found !== null) picked[name] = found;
  }
  return picked;
}
