import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { orderKeys, type PatternKey } from './map-keys.ts';
import { compileExpansion, expandInMetadata, needsExpansion } from './metadata-wildcards.ts';
import { compileScalar } from './scalar-pattern.ts';
import { FAIL, isSkip, NEGATED, PASS, SKIP_COLLECTED, SKIP_DIRECT, type Verdict } from './verdict.ts';

/** A part of a pattern as a closure: the verdict alone, without texts. An absent value is `undefined`. */
export type PatternNode = (value: Json | undefined) => Verdict;

/** Compiled parts by identity: the constant parts of a pattern with variables are compiled once. */
export type PatternParts = WeakMap<object, PatternNode>;

/** Kyverno's walk over pattern and resource (kyverno-core §2.9), compiled. `explain` is its slow twin. */
export function compileNode(pattern: Json, parts: PatternParts): PatternNode {
  if (typeof pattern !== 'object' || pattern === null) return compileLeaf(pattern);
  const known = parts.get(pattern);
  if (known) return known;
  // Array.isArray does not narrow read-only arrays; what is no array is an object here.
  const node = isJsonArray(pattern) ? compileList(pattern, parts) : compileMap(pattern as JsonObject, parts);
  parts.set(pattern, node);
  return node;
}

function compileLeaf(pattern: Json): PatternNode {
  const test = compileScalar(pattern);
  return (value) =>
    (typeof value === 'object' && Array.isArray(value) ? value.every(test) : test(value)) ? PASS : FAIL;
}

/** The first element decides what the list means. */
function compileList(pattern: readonly Json[], parts: PatternParts): PatternNode {
  const [first] = pattern;
  if (first === undefined) return () => FAIL;
  if (isJsonArray(first)) return compilePositions(pattern, parts);
  const node = compileNode(first, parts);
  if (!isJsonObject(first)) return (value) => (Array.isArray(value) ? node(value) : FAIL);
  return (value) => (Array.isArray(value) ? overEach(value, node) : FAIL);
}

function compilePositions(pattern: readonly Json[], parts: PatternParts): PatternNode {
  const nodes = pattern.map((element) => compileNode(element, parts));
  return (value) => {
    if (!Array.isArray(value) || value.length < nodes.length) return FAIL;
    return overElements(value.slice(0, nodes.length), (index) => nodes[index]);
  };
}

function overEach(elements: readonly Json[], node: PatternNode): Verdict {
  let applied = 0;
  for (let index = 0; index < elements.length; index++) {
    const verdict = node(elements[index]);
    if (verdict === PASS) applied++;
    else if (!isSkip(verdict)) return verdict;
  }
  return applied === 0 && elements.length > 0 ? SKIP_COLLECTED : PASS;
}

/** Elements that skip are ignored; when all skip, the list does. */
function overElements(elements: readonly Json[], nodeAt: (index: number) => PatternNode | undefined): Verdict {
  let applied = 0;
  for (let index = 0; index < elements.length; index++) {
    const verdict = nodeAt(index)?.(elements[index]) ?? PASS;
    if (verdict === PASS) applied++;
    else if (!isSkip(verdict)) return verdict;
  }
  return applied === 0 && elements.length > 0 ? SKIP_COLLECTED : PASS;
}

type KeyNode = (resource: JsonObject) => Verdict;

function compileMap(pattern: JsonObject, parts: PatternParts): PatternNode {
  return needsExpansion(pattern) ? compileExpanded(pattern, parts) : compilePlainMap(pattern, parts);
}

/** Different keys of labels and annotations that the wildcards of one pattern were seen to become. */
const REMEMBERED_EXPANSIONS = 64;

/** Which keys such a map has depends on the resource: compiled once for each set of them. */
function compileExpanded(pattern: JsonObject, parts: PatternParts): PatternNode {
  const read = compileExpansion(pattern);
  const known = new Map<string, PatternNode>();
  return (value) => {
    if (!isJsonObject(value)) return FAIL;
    const keys = read(value);
    let node = known.get(keys);
    if (node === undefined) {
      node = compilePlainMap(expandInMetadata(pattern, value), parts);
      if (known.size >= REMEMBERED_EXPANSIONS) known.clear();
      known.set(keys, node);
    }
    return node(value);
  };
}

function compilePlainMap(pattern: JsonObject, parts: PatternParts): PatternNode {
  const { anchors, others } = orderKeys(pattern);
  const anchorNodes = anchors.map((key) => compileKey(key, parts));
  const otherNodes = others.map((key) => compileKey(key, parts));
  if (anchorNodes.length === 0) return (value) => (isJsonObject(value) ? allOf(otherNodes, value) : FAIL);
  return (value) => {
    if (!isJsonObject(value)) return FAIL;
    const verdict = anchorVerdict(anchorNodes, value);
    return verdict === PASS ? allOf(otherNodes, value) : verdict;
  };
}

function allOf(nodes: readonly KeyNode[], resource: JsonObject): Verdict {
  for (let index = 0; index < nodes.length; index++) {
    const verdict = nodes[index]?.(resource) ?? PASS;
    if (verdict !== PASS) return verdict;
  }
  return PASS;
}

/** A direct skip outweighs later failures of its siblings; collected skips only count when no anchor applied. */
function anchorVerdict(nodes: readonly KeyNode[], resource: JsonObject): Verdict {
  let applied = 0;
  let skipped = false;
  let skippedDirectly = false;
  for (const node of nodes) {
    const verdict = node(resource);
    if (verdict === PASS) applied++;
    else if (isSkip(verdict)) {
      skipped = true;
      if (verdict === SKIP_DIRECT) skippedDirectly = true;
    } else if (!skippedDirectly) return verdict;
  }
  return skipped && (applied === 0 || skippedDirectly) ? SKIP_COLLECTED : PASS;
}

function compileKey({ key, modifier, name, pattern }: PatternKey, parts: PatternParts): KeyNode {
  const read = compileRead(name);
  if (modifier === 'X') return (resource) => (read(resource) === undefined ? PASS : NEGATED);
  if (modifier === '^') return compileExistence(read, pattern, parts);
  if (modifier === undefined && pattern === '*') {
    const readWhole = compileRead(key);
    return (resource) => ((readWhole(resource) ?? null) === null ? FAIL : PASS);
  }
  const node = compileNode(pattern, parts);
  switch (modifier) {
    case '':
      return (resource) => {
        const value = read(resource);
        return value !== undefined && node(value) === PASS ? PASS : SKIP_DIRECT;
      };
    case '<':
      return (resource) => {
        const value = read(resource);
        return value === undefined || node(value) === PASS ? PASS : SKIP_DIRECT;
      };
    case '=':
      return (resource) => {
        const value = read(resource);
        return value === undefined ? PASS : node(value);
      };
    default:
      return (resource) => node(read(resource));
  }
}

/** Plain property access where no inherited name can answer. */
function compileRead(key: string): (resource: JsonObject) => Json | undefined {
  return key in Object.prototype ? (resource) => member(resource, key) : (resource) => resource[key];
}

function compileExistence(
  read: (resource: JsonObject) => Json | undefined,
  pattern: Json,
  parts: PatternParts,
): KeyNode {
  const wanted = isJsonArray(pattern) && pattern.every(isJsonObject) ? pattern : undefined;
  const nodes = wanted?.map((element) => compileNode(element, parts));
  return (resource) => {
    const value = read(resource);
    if (value === undefined) return PASS;
    if (!nodes || !Array.isArray(value)) return FAIL;
    return nodes.every((node) => value.some((element: Json) => node(element) === PASS)) ? PASS : FAIL;
  };
}
