import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import { defineMember, type Json } from '../kernel/json.ts';
import { LIMITS } from './text-limits.ts';

/** A problem of one node; the caller knows the origin. */
export class ConversionProblem extends Error {
  readonly code: 'document-syntax' | 'document-too-deep' | 'document-too-large';
  readonly offset: number;
  readonly hint: string | undefined;

  constructor(code: ConversionProblem['code'], message: string, offset: number, hint?: string) {
    super(message);
    this.code = code;
    this.offset = offset;
    this.hint = hint;
  }
}

/** What to write instead, for texts of policies that YAML takes for something else. */
export const QUOTE_WILDCARDS = "a text that begins with `*` needs quotes: `'*'`";
const QUOTE_BRACES = 'a text that begins with `{{` needs quotes: `"{{ … }}"`';

/** An anchored value, and how many nodes it stands for. */
interface Anchored {
  readonly value: Json;
  readonly nodes: number;
}

export interface Converted {
  readonly value: Json;
  /** Offsets of keys that their mapping names twice; the last one counts, as Go's reader has it. */
  readonly duplicates: readonly { readonly key: string; readonly offset: number }[];
}

/**
 * The JSON of a YAML document as sigs.k8s.io/yaml makes it: keys become text, the last of equal keys counts, merge keys
 * (`<<`) are merged, aliases share what they stand for. Throws `ConversionProblem` for what JSON cannot hold, for a
 * nesting over the limit and for aliases that would stand for too much.
 */
export function yamlToJson(root: Node | null): Converted {
  const anchors = new Map<string, Anchored | 'open'>();
  const duplicates: { key: string; offset: number }[] = [];
  let nodes = 0;
  let aliasNodes = 0;

  function convert(node: unknown, depth: number): Json {
    if (depth > LIMITS.depth) {
      throw new ConversionProblem(
        'document-too-deep',
        `the document is nested deeper than ${LIMITS.depth} levels`,
        offsetOf(node),
      );
    }
    nodes += 1;
    if (isAlias(node)) return resolve(node.source, offsetOf(node));
    const anchor = anchorOf(node);
    if (anchor === undefined) return convertPlain(node, depth);
    const before = nodes;
    anchors.set(anchor, 'open');
    const value = convertPlain(node, depth);
    anchors.set(anchor, { value, nodes: nodes - before + 1 });
    return value;
  }

  function resolve(name: string, offset: number): Json {
    const known = anchors.get(name);
    if (known === undefined)
      throw new ConversionProblem('document-syntax', `unknown anchor \`${name}\``, offset, QUOTE_WILDCARDS);
    if (known === 'open') throw new ConversionProblem('document-syntax', `anchor \`${name}\` contains itself`, offset);
    nodes += known.nodes;
    aliasNodes += known.nodes;
    if (aliasNodes > LIMITS.aliasNodes) {
      throw new ConversionProblem(
        'document-too-large',
        `aliases stand for more than ${LIMITS.aliasNodes} nodes`,
        offset,
      );
    }
    return known.value;
  }

  function convertPlain(node: unknown, depth: number): Json {
    if (isMap(node)) return convertMap(node, depth);
    if (isSeq(node)) return node.items.map((item) => convert(item, depth + 1));
    if (isScalar(node)) return toScalar(node.value, offsetOf(node));
    return null;
  }

  function convertMap(map: YAMLMap, depth: number): Json {
    const object: Record<string, Json> = {};
    const merged: Json[] = [];
    for (const pair of map.items) {
      const value = convert(pair.value, depth + 1);
      if (isMergeKey(pair)) {
        merged.push(...(Array.isArray(value) ? value : [value]));
        continue;
      }
      const key = toKey(pair, (item) => convert(item, depth + 1));
      if (Object.hasOwn(object, key)) duplicates.push({ key, offset: offsetOf(pair.key) });
      defineMember(object, key, value);
    }
    for (const source of merged) mergeInto(object, source, offsetOf(map));
    return object;
  }

  const value = convert(root, 0);
  return { value, duplicates };
}

/** Members the mapping itself does not name; the first of several sources wins. */
function mergeInto(object: Record<string, Json>, source: Json, offset: number): void {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw new ConversionProblem('document-syntax', 'a merge key (`<<`) needs a mapping or a list of mappings', offset);
  }
  for (const [key, value] of Object.entries(source)) {
    if (!Object.hasOwn(object, key)) defineMember(object, key, value);
  }
}

function isMergeKey({ key }: Pair): boolean {
  if (!isScalar(key)) return false;
  return typeof key.value === 'symbol' || (key.value === '<<' && key.type === 'PLAIN');
}

function toKey({ key }: Pair, convert: (node: unknown) => Json): string {
  const value = convert(key);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ConversionProblem(
    'document-syntax',
    'a key must be a text, number or boolean',
    offsetOf(key),
    QUOTE_BRACES,
  );
}

function toScalar(value: unknown, offset: number): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new ConversionProblem('document-syntax', 'a number must be finite', offset);
    case 'bigint':
      return Number(value);
    case 'symbol':
      return value.description ?? '';
    default:
      return null;
  }
}

function anchorOf(node: unknown): string | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
}

function offsetOf(node: unknown): number {
  if (isMap(node) || isSeq(node) || isScalar(node) || isAlias(node)) return node.range?.[0] ?? 0;
  return 0;
}
