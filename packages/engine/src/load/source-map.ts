import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { SourceRange } from '../kernel/diagnostics/diagnostic.ts';
import type { SourceMap } from '../model/policy.ts';

/** The places of a YAML document's nodes. Paths are walked when asked for, so a document without problems pays nothing. */
export function createSourceMap(root: Node | null, lines: LineCounter, origin: string): SourceMap {
  return (path) => {
    const range = root ? rangeOf(root, segmentsOf(path)) : undefined;
    if (!range) return undefined;
    const start = lines.linePos(range[0]);
    const end = lines.linePos(range[1]);
    return { origin, line: start.line, column: start.col, endLine: end.line, endColumn: end.col } satisfies SourceRange;
  };
}

/** The segments of a document path such as `spec.rules[0].match["a.b"]`. */
export function segmentsOf(path: string): readonly string[] {
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

type Range = readonly [start: number, end: number];

/** The key of the last segment, or the nearest thing above it that is written. */
function rangeOf(root: Node, segments: readonly string[]): Range | undefined {
  let node: Node | null = root;
  let found: Range | undefined = nodeRange(root);
  for (const segment of segments) {
    const step: Step | undefined = stepInto(node, segment);
    if (!step) return found;
    found = step.range ?? found;
    node = step.node;
  }
  return found;
}

interface Step {
  readonly node: Node | null;
  readonly range: Range | undefined;
}

function stepInto(node: Node | null, segment: string): Step | undefined {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === segment);
    if (!pair) return undefined;
    return {
      node: isNodeLike(pair.value) ? pair.value : null,
      range: isNodeLike(pair.key) ? nodeRange(pair.key) : undefined,
    };
  }
  if (!isSeq(node)) return undefined;
  const item: unknown = node.items[Number(segment)];
  return isNodeLike(item) ? { node: item, range: nodeRange(item) } : undefined;
}

function isNodeLike(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);
}

function nodeRange(node: Node | null): Range | undefined {
  return node?.range ? [node.range[0], node.range[1]] : undefined;
}
