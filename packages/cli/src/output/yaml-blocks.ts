import { isJsonArray, isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';

export interface BlockOptions {
  /** Of mappings and lists inside of others. */
  readonly indent: number;
  readonly isSorted: boolean;
  /** The library's text of a value. */
  readonly writeScalar: (value: unknown) => string;
}

/**
 * A mapping in block style, as the library writes it: where everything is put is told here, how a key or a scalar is
 * spelt is asked of the library, once for each. `undefined` for a value it does not write: texts of several lines, and what is
 * no JSON.
 */
export function writeBlocks(value: unknown, options: BlockOptions): string | undefined {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return undefined;
  const parts: string[] = [];
  return writeMapping(value, 0, false, options, parts) ? parts.join('') : undefined;
}

/** `false`: not written. `isBegun`: the first key goes on behind a dash. */
function writeMapping(
  object: JsonObject,
  column: number,
  isBegun: boolean,
  options: BlockOptions,
  parts: string[],
): boolean {
  const pad = ' '.repeat(column);
  const keys = Object.keys(object);
  if (options.isSorted) keys.sort();
  let isFirst = isBegun;
  for (const key of keys) {
    const value = object[key];
    if (value === undefined) continue;
    const name = keyText(key, options);
    if (name === undefined) return false;
    parts.push(isFirst ? '' : pad, name, ':');
    isFirst = false;
    if (!writeValue(value, column, options, parts)) return false;
  }
  return true;
}

/** What follows a key at `column`. */
function writeValue(value: Json, column: number, options: BlockOptions, parts: string[]): boolean {
  if (isJsonArray(value) && value.length > 0) {
    parts.push('\n');
    return writeList(value, column + options.indent, options, parts);
  }
  if (isJsonObject(value) && hasMembers(value)) {
    parts.push('\n');
    return writeMapping(value, column + options.indent, false, options, parts);
  }
  const text = scalarText(value, options);
  if (text === undefined) return false;
  parts.push(' ', text, '\n');
  return true;
}

function writeList(list: readonly Json[], column: number, options: BlockOptions, parts: string[]): boolean {
  const dash = `${' '.repeat(column)}- `;
  for (const item of list) {
    if (isJsonArray(item) && item.length > 0) return false;
    parts.push(dash);
    if (isJsonObject(item) && hasMembers(item)) {
      if (!writeMapping(item, column + 2, true, options, parts)) return false;
      continue;
    }
    const text = scalarText(item, options);
    if (text === undefined) return false;
    parts.push(text, '\n');
  }
  return true;
}

function hasMembers(object: JsonObject): boolean {
  for (const key in object) if (object[key] !== undefined) return true;
  return false;
}

/** Different texts that are remembered; then anew. */
const REMEMBERED = 4096;
const LONGEST = 1000;
const keys = new Map<string, string | undefined>();
const texts = new Map<string, string | undefined>();

function keyText(key: string, { writeScalar }: BlockOptions): string | undefined {
  return remembered(keys, key, () => {
    const line = writeScalar({ [key]: 0 });
    return line.endsWith(': 0\n') && !line.startsWith('?') ? line.slice(0, -4) : undefined;
  });
}

function scalarText(value: Json, { writeScalar }: BlockOptions): string | undefined {
  if (isJsonArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) return '{}';
  if (value === null || typeof value === 'boolean' || isPlainInteger(value)) return String(value);
  if (typeof value !== 'string') return writeScalar(value).trimEnd();
  return remembered(texts, value, () => {
    const line = writeScalar({ a: value });
    return line.startsWith('a: ') && line.endsWith('\n') ? line.slice(3, -1) : undefined;
  });
}

function isPlainInteger(value: Json): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** `undefined` also for a text that takes more than a line. */
function remembered(known: Map<string, string | undefined>, text: string, write: () => string | undefined) {
  if (known.has(text)) return known.get(text);
  const isShort = text.length <= LONGEST && !text.includes('\n');
  const written = isShort ? write() : undefined;
  const found = written?.includes('\n') ? undefined : written;
  if (known.size >= REMEMBERED) known.clear();
  known.set(text, found);
  return found;
}
