import { type Anchor, formatAnchor, parseAnchor } from '../../model/anchor.ts';
import { type PatchMap, type PatchTree, renameKey } from './patch-tree.ts';

function isCondition(anchor: Anchor | undefined): boolean {
  return anchor !== undefined && (anchor.modifier === '' || anchor.modifier === '<');
}

/** Removes what only stated conditions from a prepared patch, so that it cannot clear anything. */
export function removeConditions(patch: PatchMap): void {
  for (const [key, value] of [...patch]) {
    if (strip(value, isCondition(parseAnchor(key)))) patch.delete(key);
  }
}

/** Removes conditions from an element that is to be added; true when nothing of it is left. */
export function stripElement(element: PatchTree): boolean {
  return strip(element, true);
}

/** True when the part consists of conditions alone and has to go; `dropScalar` says whether a scalar has to. */
function strip(tree: PatchTree, dropScalar: boolean): boolean {
  if (tree instanceof Map) return stripMap(tree);
  return Array.isArray(tree) ? stripList(tree) : dropScalar;
}

/** An empty map counts as conditions alone: upstream drops `emptyDir: {}` from a patch. */
function stripMap(tree: PatchMap): boolean {
  const conditions = [...tree.keys()].map(parseAnchor).filter((anchor) => anchor !== undefined && isCondition(anchor));
  let isKept = false;
  for (const anchor of conditions) {
    if (anchor === undefined) continue;
    if (strip(tree.get(formatAnchor(anchor)) ?? null, true)) tree.delete(formatAnchor(anchor));
    else isKept = true;
  }
  if (isKept) {
    for (const anchor of conditions) {
      if (anchor && tree.has(formatAnchor(anchor))) renameKey(tree, formatAnchor(anchor), anchor.key);
    }
  }
  for (const [key, value] of [...tree]) if (strip(value, false)) tree.delete(key);
  return tree.size === 0;
}

function stripList(tree: PatchTree[]): boolean {
  if (tree.length === 0) return false;
  // Upstream removes by positions that earlier removals have moved, so that of two elements with anchors one stays or
  // the wrong one goes. Nothing can rely on what comes of that: here exactly the elements meant are removed.
  const kept = tree.filter((element) => !holdsWorkedAnchor(element) && !strip(element, false));
  tree.splice(0, tree.length, ...kept);
  return tree.length === 0;
}

function holdsWorkedAnchor(tree: PatchTree): boolean {
  if (tree instanceof Map) {
    for (const [key, value] of tree) {
      const anchor = parseAnchor(key);
      if (isCondition(anchor) || anchor?.modifier === '+' || holdsWorkedAnchor(value)) return true;
    }
    return false;
  }
  if (Array.isArray(tree)) return tree.some(holdsWorkedAnchor);
  return typeof tree === 'string' && isCondition(parseAnchor(tree));
}
