import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, visit } from 'yaml';
import type { SourceRange } from '../kernel/diagnostics/diagnostic.ts';
import { parseDocumentPath } from '../kernel/json-path.ts';
import type { SourceMap } from '../model/policy.ts';
import { placeInScalar, type ScalarStyle } from './scalar-place.ts';

/** The places of a YAML document's nodes. Paths are walked when asked for, so a document without problems pays nothing. */
export function createSourceMap(root: Node | null, { text, lines, origin }: SourceText): SourceMap {
  return (path, offset) => {
    const segments = parseDocumentPath(path);
    const inside = root && offset !== undefined ? placeInside(root, segments, text, offset) : undefined;
    const range = inside ?? (root ? rangeOf(root, segments) : undefined);
    if (!range) return undefined;
    const start = lines.linePos(range[0]);
    const end = lines.linePos(range[1]);
    return { origin, line: start.line, column: start.col, endLine: end.line, endColumn: end.col } satisfies SourceRange;
  };
}

export interface SourceText {
  readonly text: string;
  readonly lines: LineCounter;
  readonly origin: string;
}

/** A character of the text that is the value of a path. */
function placeInside(root: Node, segments: readonly string[], text: string, offset: number): Range | undefined {
  let node: Node | null = root;
  for (const segment of segments) node = resolved(stepInto(resolved(node, root), segment)?.node ?? null, root);
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range || !isStyle(node.type)) return undefined;
  const place = placeInScalar(text, node.range[0], node.type, node.value, offset);
  return place === undefined ? undefined : [place, place + 1];
}

function resolved(node: Node | null, root: Node): Node | null {
  if (!isAlias(node)) return node;
  let found: Node | null = null;
  visit(root, {
    Node: (_key, candidate) => {
      if ('anchor' in candidate && candidate.anchor === node.source) found = candidate;
      return candidate === node ? visit.BREAK : undefined;
    },
  });
  return found;
}

function isStyle(type: string | undefined): type is ScalarStyle {
  return type !== undefined && STYLES.has(type);
}

const STYLES: ReadonlySet<string> = new Set([
  'PLAIN',
  'QUOTE_SINGLE',
  'QUOTE_DOUBLE',
  'BLOCK_LITERAL',
  'BLOCK_FOLDED',
] satisfies ScalarStyle[]);

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
