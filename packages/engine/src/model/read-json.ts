import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../kernel/json.ts';

/** Readers of documents that were checked against their schema: what is absent or of another type reads as nothing. */

export function readText(object: JsonObject | undefined, key: string): string | undefined {
  const value = object && member(object, key);
  return typeof value === 'string' ? value : undefined;
}

export function readFlag(object: JsonObject | undefined, key: string): boolean | undefined {
  const value = object && member(object, key);
  return typeof value === 'boolean' ? value : undefined;
}

export function readNumber(object: JsonObject | undefined, key: string): number | undefined {
  const value = object && member(object, key);
  return typeof value === 'number' ? value : undefined;
}

export function readObject(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = object && member(object, key);
  return isJsonObject(value) ? value : undefined;
}

export function readObjects(object: JsonObject | undefined, key: string): readonly JsonObject[] {
  return readList(object, key).filter(isJsonObject);
}

export function readTexts(object: JsonObject | undefined, key: string): readonly string[] {
  return readList(object, key).filter((item) => typeof item === 'string');
}

export function readList(object: JsonObject | undefined, key: string): readonly Json[] {
  const value = object && member(object, key);
  return isJsonArray(value) ? value : [];
}

/** The members of a map that are strings. A map without prototype, so user keys never meet inherited names. */
export function readTextMap(object: JsonObject | undefined, key: string): Readonly<Record<string, string>> {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(readObject(object, key) ?? {})) {
    if (typeof value === 'string') texts[name] = value;
  }
  return texts;
}
