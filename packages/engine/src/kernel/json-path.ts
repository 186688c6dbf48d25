/** A step into a JSON document: a member name or an index. */
export type JsonPathSegment = string | number;

/** RFC 6901: `['spec', 'a/b', 0]` is `/spec/a~1b/0`; no segments is the empty pointer. */
export function toJsonPointer(segments: readonly JsonPathSegment[]): string {
  return segments.map((segment) => `/${escapePointerSegment(String(segment))}`).join('');
}

export function escapePointerSegment(segment: string): string {
  return segment.includes('~') || segment.includes('/') ? segment.replaceAll('~', '~0').replaceAll('/', '~1') : segment;
}

/** The segments of an RFC 6901 pointer, unescaped; `undefined` when it is none. */
export function parseJsonPointer(pointer: string): readonly string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** The path of diagnostics: `spec.rules[0].match`, members of unusual names in quotes: `metadata["a.b/c"]`. */
export function toDocumentPath(segments: readonly JsonPathSegment[]): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (PLAIN_NAME.test(segment)) path += path === '' ? segment : `.${segment}`;
    else path += `[${JSON.stringify(segment)}]`;
  }
  return path;
}

/** `path` one step deeper. */
export function appendDocumentPath(path: string, segment: JsonPathSegment): string {
  const step = toDocumentPath([segment]);
  return path === '' || step.startsWith('[') ? `${path}${step}` : `${path}.${step}`;
}

/** The segments of a document path such as `spec.rules[0].match["a.b"]`; indices as text. */
export function parseDocumentPath(path: string): readonly string[] {
  const segments: string[] = [];
  let at = 0;
  while (at < path.length) {
    if (path[at] === '.') {
      at += 1;
    } else if (path[at] === '[') {
      const end = endOfBracket(path, at);
      const inner = path.slice(at + 1, end);
      segments.push(inner.startsWith('"') ? unquote(inner) : inner);
      at = end + 1;
    } else {
      const next = nextDelimiter(path, at);
      segments.push(path.slice(at, next));
      at = next;
    }
  }
  return segments;
}

function endOfBracket(path: string, start: number): number {
  if (path[start + 1] !== '"') {
    const end = path.indexOf(']', start);
    return end < 0 ? path.length : end;
  }
  for (let at = start + 2; at < path.length; at += 1) {
    if (path[at] === '\\') at += 1;
    else if (path[at] === '"') return at + 1;
  }
  return path.length;
}

function unquote(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : text;
  } catch {
    return text;
  }
}

function nextDelimiter(path: string, from: number): number {
  for (let at = from; at < path.length; at += 1) if (path[at] === '.' || path[at] === '[') return at;
  return path.length;
}
