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
  const written: Written = { text: '' };
  return writeMapping(value, 0, false, options, written) ? written.text : undefined;
}

/** Grows by concatenation, which costs V8 less than joining thousands of parts. */
interface Written {
  text: string;
}

/** `false`: not written. `isBegun`: the first key goes on behind a dash. */
function writeMapping(
  object: JsonObject,
  column: number,
  isBegun: boolean,
  options: BlockOptions,
  written: Written,
): boolean {
  const pad = ' '.repeat(column);
  const keys = Object.keys(object);
  if (options.isSorted && !isInOrder(keys)) keys.sort();
  let isFirst = isBegun;
  for (const key of keys) {
    const value = object[key];
    if (value === undefined) continue;
    const name = keyText(key, options);
    if (name === undefined) return false;
    written.text += isFirst ? `${name}:` : `${pad}${name}:`;
    isFirst = false;
    if (!writeValue(value, column, options, written)) return false;
  }
  return true;
}

/** What follows a key at `column`. */
function writeValue(value: Json, column: number, options: BlockOptions, written: Written): boolean {
  if (isJsonArray(value) && value.length > 0) {
    written.text += '\n';
    return writeList(value, column + options.indent, options, written);
  }
  if (isJsonObject(value) && hasMembers(value)) {
    written.text += '\n';
    return writeMapping(value, column + options.indent, false, options, written);
  }
  const text = scalarText(value, options);
  if (text === undefined) return false;
  written.text += ` ${text}\n`;
  return true;
}

function writeList(list: readonly Json[], column: number, options: BlockOptions, written: Written): boolean {
  const dash = `${' '.repeat(column)}- `;
  for (const item of list) {
    if (isJsonArray(item) && item.length > 0) return false;
    written.text += dash;
    if (isJsonObject(item) && hasMembers(item)) {
      if (!writeMapping(item, column + 2, true, options, written)) return false;
      continue;
    }
    const text = scalarText(item, options);
    if (text === undefined) return false;
    written.text += `${text}\n`;
  }
  return true;
}

function isInOrder(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at += 1) if ((keys[at - 1] ?? '') > (keys[at] ?? '')) return false;
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

/** Longer than any word or number that YAML 1.1 reads as something else, and of nothing that has a meaning in it. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_./-]{5,}$/;

function isPlain(text: string): boolean {
  return text.length <= LONGEST && PLAIN.test(text);
}

function keyText(key: string, { writeScalar }: BlockOptions): string | undefined {
  if (isPlain(key)) return key;
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
  if (isPlain(value)) return value;
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
  const remembered = known.get(text);
  if (remembered !== undefined || known.has(text)) return remembered;
  const isShort = text.length <= LONGEST && !text.includes('\n');
  const written = isShort ? write() : undefined;
  const found = written?.includes('\n') ? undefined : written;
  if (known.size >= REMEMBERED) known.clear();
  known.set(text, found);
  return found;
}
