import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { type Anchor, formatAnchor, parseAnchor } from '../../model/anchor.ts';
import { elementText } from './list-elements.ts';
import { copyPatchTree, fromPatchTree, type PatchMap, type PatchTree, renameKey, toPatchTree } from './patch-tree.ts';
import { removeConditions, stripElement } from './strip-anchors.ts';

/** Whether a resource's value matches an anchor's value, as a validation pattern. */
export type MatchesPattern = (pattern: Json, value: Json) => boolean;

/** Why a condition does not hold: a global one stops more than the element it stands in. */
class Mismatch {
  readonly isGlobal: boolean;

  constructor(isGlobal: boolean) {
    this.isGlobal = isGlobal;
  }
}

const CONDITION_MISMATCH = new Mismatch(false);
const GLOBAL_MISMATCH = new Mismatch(true);

type Outcome = Mismatch | EvaluationError | undefined;

/**
 * Turns a patch with anchors into a plain one for this resource (kyverno-core §2.11, preprocessing): `+(k)` goes or
 * loses its anchor, conditions that fail empty the patch or drop a list element, and elements with conditions become
 * one element for each of the resource's elements that satisfies them, related by `name`.
 */
export function preparePatch(patch: Json, resource: JsonObject, matches: MatchesPattern): Json | EvaluationError {
  const tree = toPatchTree(patch);
  const outcome = visit(tree, resource, matches);
  if (outcome instanceof Mismatch) return {};
  if (outcome instanceof EvaluationError) return new EvaluationError(`failed to preProcess rule: ${outcome.message}`);
  if (tree instanceof Map) removeConditions(tree);
  return fromPatchTree(tree);
}

function visit(tree: PatchTree, resource: Json | undefined, matches: MatchesPattern): Outcome {
  if (tree instanceof Map) return visitMap(tree, resource, matches);
  // A list of something else than maps holds no anchors.
  return Array.isArray(tree) && tree[0] instanceof Map ? visitList(tree, resource, matches) : undefined;
}

function visitMap(tree: PatchMap, resource: Json | undefined, matches: MatchesPattern): Outcome {
  addIfAbsent(tree, resource);
  const mismatch = checkConditions(tree, resource, matches);
  if (mismatch) return mismatch;
  for (const [key, value] of [...tree]) {
    const anchor = parseAnchor(key);
    if (anchor && isWorkedOn(anchor)) continue;
    const outcome = visit(value, fieldOf(resource, key), matches);
    if (outcome) return outcome;
  }
  return undefined;
}

function fieldOf(resource: Json | undefined, key: string): Json | undefined {
  return isJsonObject(resource) ? member(resource, key) : undefined;
}

/** The anchors that mean something in a patch: `(k)`, `<(k)` and `+(k)`. */
function isWorkedOn({ modifier }: Anchor): boolean {
  return modifier === '' || modifier === '<' || modifier === '+';
}

/** Removes `+(k)` where the resource has `k`, and the anchor where it does not. How many there were. */
function addIfAbsent(tree: PatchTree, resource: Json | undefined): number {
  if (!(tree instanceof Map)) return 0;
  const anchors = anchorsOf(tree, '+');
  for (const anchor of anchors) {
    if (fieldOf(resource, anchor.key) !== undefined) tree.delete(formatAnchor(anchor));
    else renameKey(tree, formatAnchor(anchor), anchor.key);
  }
  return anchors.length;
}

function anchorsOf(tree: PatchMap, modifier: Anchor['modifier']): Anchor[] {
  const anchors: Anchor[] = [];
  for (const key of tree.keys()) {
    const anchor = parseAnchor(key);
    if (anchor?.modifier === modifier) anchors.push(anchor);
  }
  return anchors;
}

function checkConditions(tree: PatchMap, resource: Json | undefined, matches: MatchesPattern): Mismatch | undefined {
  if (!holdsAll(tree, '<', resource, matches)) return GLOBAL_MISMATCH;
  return holdsAll(tree, '', resource, matches) ? undefined : CONDITION_MISMATCH;
}

function holdsAll(tree: PatchMap, modifier: '' | '<', resource: Json | undefined, matches: MatchesPattern): boolean {
  for (const anchor of anchorsOf(tree, modifier)) {
    const value = fieldOf(resource, anchor.key);
    if (value === undefined) return false;
    const condition = tree.get(formatAnchor(anchor)) ?? null;
    // A condition with `+(k)` inside only adds.
    if (addIfAbsent(condition, value) > 0) continue;
    if (!matches(comparable(fromPatchTree(condition)), comparable(value))) return false;
  }
  return true;
}

/** Scalars are compared as text. */
function comparable(value: Json): Json {
  return typeof value === 'object' && value !== null ? value : elementText(value);
}

/** Elements are appended to the list while it is visited; only those it began with are looked at. */
function visitList(tree: PatchTree[], resource: Json | undefined, matches: MatchesPattern): Outcome {
  if (resource !== undefined && resource !== null && !isJsonArray(resource)) {
    return new EvaluationError(`wrong node kind: expected SequenceNode: node contents:\n${JSON.stringify(resource)}\n`);
  }
  for (const element of [...tree]) {
    if (!holdsAnchor(element, isWorkedOn)) continue;
    const outcome = expandElement(tree, element, resource, matches);
    if (outcome) return outcome;
  }
  return undefined;
}

function expandElement(
  tree: PatchTree[],
  element: PatchTree,
  resource: readonly Json[] | null | undefined,
  matches: MatchesPattern,
): Outcome {
  const isGlobal = holdsAnchor(element, ({ modifier }) => modifier === '<');
  // One copy for all elements of the resource, as upstream: what `+(k)` did for one holds for the next.
  const copy = copyPatchTree(element);
  let failedGlobal: Mismatch | undefined;
  let passedGlobal = false;
  for (const item of resource ?? [undefined]) {
    const outcome = visit(copy, item, matches);
    if (outcome instanceof EvaluationError) return outcome;
    if (outcome) {
      if (outcome.isGlobal && item !== undefined) failedGlobal = outcome;
      else if (outcome.isGlobal) return outcome;
    } else if (isGlobal) {
      passedGlobal = true;
    } else if (item !== undefined) {
      appendFor(tree, copy, item);
    }
  }
  return passedGlobal ? undefined : failedGlobal;
}

/** Appends the element, without anchors, for the resource's element of this name; nothing when it has none. */
function appendFor(tree: PatchTree[], element: PatchTree, item: Json): void {
  const name = fieldOf(item, 'name');
  if (name === undefined || name === null || typeof name === 'object') return;
  const added = copyPatchTree(element);
  if (stripElement(added)) return;
  if (added instanceof Map) added.set('name', name);
  tree.push(added);
}

/** Whether a key anywhere in the tree, or a text in it, is such an anchor. */
export function holdsAnchor(tree: PatchTree, isMeant: (anchor: Anchor) => boolean): boolean {
  if (tree instanceof Map) {
    for (const [key, value] of tree) {
      const anchor = parseAnchor(key);
      if ((anchor && isMeant(anchor)) || holdsAnchor(value, isMeant)) return true;
    }
    return false;
  }
  if (Array.isArray(tree)) return tree.some((item) => holdsAnchor(item, isMeant));
  if (typeof tree !== 'string') return false;
  const anchor = parseAnchor(tree);
  return anchor !== undefined && (anchor.modifier === '' || anchor.modifier === '<');
}
