import { isJsonArray, isJsonObject, type Json } from '@vouchsafe/engine/kernel';
import { TufProblem } from './tuf-problem.ts';

const maximumDepth = 32;

/**
 * The bytes TUF signs: OLPC canonical JSON. Members sorted by name, no white space, in strings only quotes and backslashes
 * escaped, whole numbers alone. Throws {@link TufProblem} for what has no such form, and for nesting beyond a bound.
 * http://wiki.laptop.org/go/Canonical_JSON
 */
export function canonicalMetadata(value: Json): Buffer {
  const parts: string[] = [];
  write(value, parts, 0);
  return Buffer.from(parts.join(''));
}

function write(value: Json, parts: string[], depth: number): void {
  if (depth > maximumDepth) throw new TufProblem('the metadata is nested too deeply');
  if (isJsonArray(value)) {
    writeList(value, parts, '[', ']', (item) => write(item, parts, depth + 1));
  } else if (isJsonObject(value)) {
    const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    writeList(members, parts, '{', '}', ([name, member]) => {
      parts.push(quoted(name), ':');
      write(member, parts, depth + 1);
    });
  } else if (typeof value === 'string') {
    parts.push(quoted(value));
  } else if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new TufProblem('the metadata holds a number that is not whole');
  } else {
    parts.push(String(value));
  }
}

function writeList<Item>(
  items: readonly Item[],
  parts: string[],
  open: string,
  close: string,
  each: (item: Item) => void,
): void {
  parts.push(open);
  for (const [index, item] of items.entries()) {
    if (index > 0) parts.push(',');
    each(item);
  }
  parts.push(close);
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
