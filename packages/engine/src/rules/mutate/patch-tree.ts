import { defineMember, isJsonArray, isJsonObject, type Json } from '../../kernel/json.ts';

/**
 * A patch while its anchors are worked on. Kyverno changes the patch in place, step by step, and later steps see what
 * earlier ones did; so this copy of it can be changed. Maps keep their order and may be renamed into.
 */
export type PatchTree = PatchMap | PatchTree[] | null | boolean | number | string;
export type PatchMap = Map<string, PatchTree>;

/** With sorted keys, as Kyverno's patch has them. */
export function toPatchTree(value: Json): PatchTree {
  if (isJsonArray(value)) return value.map(toPatchTree);
  if (!isJsonObject(value)) return value;
  const map: PatchMap = new Map();
  for (const key of Object.keys(value).sort()) map.set(key, toPatchTree(value[key] ?? null));
  return map;
}

export function fromPatchTree(tree: PatchTree): Json {
  if (tree instanceof Map) {
    const object: Record<string, Json> = {};
    for (const [key, value] of tree) defineMember(object, key, fromPatchTree(value));
    return object;
  }
  return Array.isArray(tree) ? tree.map(fromPatchTree) : tree;
}

export function copyPatchTree(tree: PatchTree): PatchTree {
  if (tree instanceof Map) {
    const copy: PatchMap = new Map();
    for (const [key, value] of tree) copy.set(key, copyPatchTree(value));
    return copy;
  }
  return Array.isArray(tree) ? tree.map(copyPatchTree) : tree;
}

/** Gives a member another key, in its place; a member that has the key already goes. */
export function renameKey(map: PatchMap, from: string, to: string): void {
  const entries = [...map];
  map.clear();
  for (const [key, value] of entries) {
    if (key === from) map.set(to, value);
    else if (key !== to) map.set(key, value);
  }
}
