import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { type AnchorModifier, parseAnchor } from '../../model/anchor.ts';

/** One key of a pattern map. `modifier` is absent for an ordinary key; `name` is the key without its anchor. */
export interface PatternKey {
  readonly key: string;
  readonly modifier: AnchorModifier | undefined;
  readonly name: string;
  readonly pattern: Json;
}

export interface PatternKeys {
  /** `( )`, `^( )`, `=( )` and `X( )`, in sorted order. */
  readonly anchors: readonly PatternKey[];
  /** The rest: global anchors and keys with anchors inside come first, in reverse order; then the others, sorted. */
  readonly others: readonly PatternKey[];
}

/** The keys of a pattern map in the order Kyverno evaluates them (kyverno-core §2.9). */
export function orderKeys(pattern: JsonObject): PatternKeys {
  const anchors: PatternKey[] = [];
  const first: PatternKey[] = [];
  const last: PatternKey[] = [];
  for (const key of Object.keys(pattern).sort(compareBytes)) {
    const read = readKey(key, pattern[key] ?? null);
    if (read.modifier !== undefined && read.modifier !== '<') anchors.push(read);
    else if (read.modifier === '<' || hasNestedAnchors(read.pattern)) first.unshift(read);
    else last.push(read);
  }
  return { anchors, others: [...first, ...last] };
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `+( )` has no meaning in validation: such a key is an ordinary one, parentheses included. */
function readKey(key: string, pattern: Json): PatternKey {
  const anchor = parseAnchor(key);
  if (!anchor || anchor.modifier === '+') return { key, modifier: undefined, name: key, pattern };
  return { key, modifier: anchor.modifier, name: anchor.key, pattern };
}

function hasNestedAnchors(pattern: Json): boolean {
  if (isJsonArray(pattern)) return pattern.some(hasNestedAnchors);
  if (!isJsonObject(pattern)) return false;
  return Object.entries(pattern).some(([key, value]) => {
    const modifier = parseAnchor(key)?.modifier;
    return (modifier !== undefined && modifier !== '+') || hasNestedAnchors(value);
  });
}
