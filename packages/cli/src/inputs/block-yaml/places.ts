import type { SourceMap } from '@vouchsafe/engine';
import { isJsonArray, isJsonObject, type Json, member, parseDocumentPath } from '@vouchsafe/engine/kernel';
import { readBlockYaml } from './read-block-yaml.ts';

/** Offsets into the text. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where the parts of one document are written: keys by their mappings, items by their lists. */
export class Places {
  readonly #keys = new Map<object, Map<string, Range>>();
  readonly #items = new Map<object, Range[]>();
  #root: Range = { start: 0, end: 0 };

  setRoot(start: number, end: number): void {
    this.#root = { start, end };
  }

  /** `false` for a key that is there already. */
  addKey(mapping: object, key: string, start: number, end: number): boolean {
    const keys = this.#keys.get(mapping) ?? new Map<string, Range>();
    if (keys.has(key)) return false;
    keys.set(key, { start, end });
    this.#keys.set(mapping, keys);
    return true;
  }

  addItem(list: object, start: number, end: number): void {
    const items = this.#items.get(list);
    if (items) items.push({ start, end });
    else this.#items.set(list, [{ start, end }]);
  }

  /** Of the last segment that is written; keys stand for their values. */
  find(value: Json, segments: readonly string[]): Range {
    let at: Json | undefined = value;
    let found = this.#root;
    for (const segment of segments) {
      const next: Range | undefined = this.#step(at, segment);
      if (next === undefined) return found;
      found = next;
      at = isJsonArray(at) ? at[Number(segment)] : isJsonObject(at) ? member(at, segment) : undefined;
    }
    return found;
  }

  #step(at: Json | undefined, segment: string): Range | undefined {
    if (isJsonArray(at)) return this.#items.get(at)?.[Number(segment)];
    return isJsonObject(at) ? this.#keys.get(at)?.get(segment) : undefined;
  }
}

/** Where a document is; `start` is at the start of a line, before which the origin has `lines` lines. */
export interface PlacedText {
  readonly text: string;
  readonly start: number;
  readonly body: number;
  readonly end: number;
  readonly origin: string;
  readonly lines: number;
}

/** A document that `readBlockYaml` reads, with its places; `undefined` when it does not, or when a key is there twice. */
export function readWithPlaces(placed: PlacedText): { readonly value: Json; readonly sources: SourceMap } | undefined {
  const places = new Places();
  const value = readBlockYaml(placed.text, placed.body, placed.end, places);
  return value === undefined ? undefined : { value, sources: toSources(value, places, placed) };
}

function toSources(value: Json, places: Places, { text, start, end, origin, lines }: PlacedText): SourceMap {
  let known: readonly number[] | undefined;
  const position = (offset: number) => {
    known ??= lineStarts(text, start, end);
    const starts = known;
    const line = lineOf(starts, offset);
    return { line: lines + line + 1, column: offset - (starts[line] ?? 0) + 1 };
  };
  return (path) => {
    const range = places.find(value, parseDocumentPath(path));
    const { line, column } = position(range.start);
    const { line: endLine, column: endColumn } = position(range.end);
    return { origin, line, column, endLine, endColumn };
  };
}

function lineStarts(text: string, start: number, end: number): readonly number[] {
  const starts = [start];
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The last line that starts at or before the offset. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
