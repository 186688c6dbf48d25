type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const UID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const MEMBERS: ReadonlyMap<string, string> = new Map([
  ['uid', '<uid>'],
  ['resourceVersion', '<rv>'],
  ['continue', '<c>'],
  ['storageVersionHash', '<hash>'],
]);

/**
 * Replaces what differs from run to run: ids, times, versions, ports, ages. The descriptions of a table's columns are prose
 * that the sandbox words itself; only that there is one counts.
 */
export function normalise(value: Json): Json {
  if (typeof value === 'string') return normaliseText(value);
  if (Array.isArray(value)) return value.map(normalise);
  if (value === null || typeof value !== 'object') return value;
  const result: { [key: string]: Json } = {};
  for (const [key, member] of Object.entries(value)) {
    const fixed = typeof member === 'string' ? MEMBERS.get(key) : undefined;
    if (fixed !== undefined) result[key] = fixed;
    else if (key === 'cells' && Array.isArray(member)) result[key] = member.map(normaliseCell);
    else if (key === 'columnDefinitions' && Array.isArray(member)) result[key] = member.map(normaliseColumn);
    else result[key] = normalise(member);
  }
  return result;
}

function normaliseColumn(column: Json): Json {
  if (!isObject(column) || typeof column['description'] !== 'string') return normalise(column);
  return { ...column, description: column['description'] === '' ? '' : '<prose>' };
}

function normaliseCell(cell: Json): Json {
  return typeof cell === 'string' && /^\d+[smhd]$/.test(cell) ? '<age>' : cell;
}

function normaliseText(text: string): string {
  return text
    .replaceAll(TIME, '<t>')
    .replaceAll(UID, '<uid>')
    .replace(/current: \d+/, 'current: <rv>')
    .replace(/too old resource version: (\d+) \(\d+\)/, 'too old resource version: $1 (<rv>)')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>');
}

/** A body as the recordings hold it: JSON, lines of JSON, or text. */
export function parseBody(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Event streams and plain text are no single JSON value.
  }
  const lines = text.split('\n').filter((line) => line !== '');
  try {
    return lines.map((line) => JSON.parse(line) as Json);
  } catch {
    return text;
  }
}

/** A deep comparison that tells the first difference; the order of members does not count. */
export function firstDifference(left: Json, right: Json, path = ''): string | undefined {
  if (left === right) return undefined;
  if (Array.isArray(left) && Array.isArray(right)) {
    for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
      const found = firstDifference(left[index] ?? '<absent>', right[index] ?? '<absent>', `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isObject(left) && isObject(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const found = firstDifference(left[key] ?? '<absent>', right[key] ?? '<absent>', `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return `${path}: recorded ${JSON.stringify(left)?.slice(0, 300)}, found ${JSON.stringify(right)?.slice(0, 300)}`;
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True when both print the same text: the order of members counts. */
export function sameText(left: Json, right: Json): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

export type { Json };
