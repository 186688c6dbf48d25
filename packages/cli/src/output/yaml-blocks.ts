import { isJsonArray, isJsonObject, type Json, type JsonObject } from '@vouchsafe/engine/kernel';
import { YamlText } from './yaml-text.ts';

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
  const written = new YamlText();
  return writeMapping(value, 0, false, options, written) ? written.toString() : undefined;
}

/** `false`: not written. `isBegun`: the first key goes on behind a dash. */
function writeMapping(
  object: JsonObject,
  column: number,
  isBegun: boolean,
  options: BlockOptions,
  written: YamlText,
): boolean {
  const keys = Object.keys(object);
  if (options.isSorted) sortInPlace(keys);
  let isFirst = isBegun;
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    const value = object[key];
    if (value === undefined) continue;
    if (!isFirst) written.addSpaces(column);
    isFirst = false;
    const name = keyText(key, options);
    if (name === undefined) return false;
    written.add(name);
    if (!writeValue(value, column, options, written)) return false;
  }
  return true;
}

/** What follows a key at `column`. */
function writeValue(value: Json, column: number, options: BlockOptions, written: YamlText): boolean {
  if (isJsonArray(value) && value.length > 0) {
    written.add(':\n');
    return writeList(value, column + options.indent, options, written);
  }
  if (isJsonObject(value) && hasMembers(value)) {
    written.add(':\n');
    return writeMapping(value, column + options.indent, false, options, written);
  }
  written.add(': ');
  return writeScalar(value, options, written);
}

/** To the end of its line. */
function writeScalar(value: Json, options: BlockOptions, written: YamlText): boolean {
  if (typeof value !== 'string' || !written.addPlain(value)) {
    const text = scalarText(value, options);
    if (text === undefined) return false;
    written.add(text);
  }
  written.add('\n');
  return true;
}

function writeList(list: readonly Json[], column: number, options: BlockOptions, written: YamlText): boolean {
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index] ?? null;
    if (isJsonArray(item) && item.length > 0) return false;
    written.addSpaces(column);
    written.add('- ');
    if (isJsonObject(item) && hasMembers(item)) {
      if (!writeMapping(item, column + 2, true, options, written)) return false;
      continue;
    }
    if (!writeScalar(item, options, written)) return false;
  }
  return true;
}

/** More keys are sorted by V8, which takes memory to do it. */
const FEW = 24;

function sortInPlace(keys: string[]): void {
  if (keys.length > FEW) {
    keys.sort();
    return;
  }
  for (let sorted = 1; sorted < keys.length; sorted += 1) {
    const key = keys[sorted] ?? '';
    let at = sorted;
    for (; at > 0 && (keys[at - 1] ?? '') > key; at -= 1) keys[at] = keys[at - 1] ?? '';
    keys[at] = key;
  }
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

/** As `YamlText` has it of values. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_./-]{5,}$/;

function keyText(key: string, options: BlockOptions): string | undefined {
  return keys.get(key) ?? remembered(keys, key, options, spellKey);
}

function spellKey(key: string, { writeScalar }: BlockOptions): string | undefined {
  if (PLAIN.test(key)) return key;
  const line = writeScalar({ [key]: 0 });
  return line.endsWith(': 0\n') && !line.startsWith('?') ? line.slice(0, -4) : undefined;
}

function scalarText(value: Json, options: BlockOptions): string | undefined {
  if (isJsonArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) return '{}';
  if (value === null || typeof value === 'boolean' || isPlainInteger(value)) return String(value);
  if (typeof value !== 'string') return options.writeScalar(value).trimEnd();
  return texts.get(value) ?? remembered(texts, value, options, spellText);
}

function spellText(text: string, { writeScalar }: BlockOptions): string | undefined {
  const line = writeScalar({ a: text });
  return line.startsWith('a: ') && line.endsWith('\n') ? line.slice(3, -1) : undefined;
}

function isPlainInteger(value: Json): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** `undefined` also for a text that takes more than a line. */
function remembered(
  known: Map<string, string | undefined>,
  text: string,
  options: BlockOptions,
  spell: (text: string, options: BlockOptions) => string | undefined,
): string | undefined {
  if (known.has(text)) return known.get(text);
  const isShort = text.length <= LONGEST && !text.includes('\n');
  const written = isShort ? spell(text, options) : undefined;
  const found = written?.includes('\n') ? undefined : written;
  if (known.size >= REMEMBERED) known.clear();
  known.set(text, found);
  return found;
}
