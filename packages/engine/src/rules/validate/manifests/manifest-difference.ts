import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../../kernel/json.ts';

/** One leaf that is not the same in what was signed and in what was submitted. */
export interface FieldDifference {
  /** Members and indices from the root. */
  readonly path: readonly (string | number)[];
  /** As signed, in JSON; `undefined`: not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Deeper objects are not compared, they just differ. */
const DEEPEST = 100;

/**
 * Where `after` differs from `before`, leaf by leaf; null counts as absent. Empty lists and maps are leaves, for they matter:
 * `ingress: []` lets nothing in, `ingress: [{}]` everything.
 */
export function findDifferences(before: JsonObject, after: JsonObject): readonly FieldDifference[] {
  const signed = flatten(before, 'deeper than what is compared');
  const submitted = flatten(after, 'deeper than what was signed');
  const differences: FieldDifference[] = [];
  for (const [key, { path, text }] of signed) {
    const other = submitted.get(key)?.text;
    if (other !== text) differences.push({ path, before: text, after: other });
  }
  for (const [key, { path, text }] of submitted) {
    if (!signed.has(key)) differences.push({ path, before: undefined, after: text });
  }
  return differences;
}

interface Leaf {
  readonly path: FieldDifference['path'];
  /** In JSON. */
  readonly text: string;
}

/** The leaves by their paths in JSON, in which the index 0 and the member `0` are not the same. */
function flatten(root: JsonObject, tooDeep: string): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const open: { readonly value: Json; readonly path: FieldDifference['path'] }[] = [{ value: root, path: [] }];
  for (let item = open.pop(); item; item = open.pop()) {
    const { value, path } = item;
    const members = membersOf(value);
    if (members.length > 0 && path.length < DEEPEST) {
      for (const [name, inner] of members.reverse()) open.push({ value: inner, path: [...path, name] });
    } else if (value !== null) {
      leaves.set(JSON.stringify(path), { path, text: members.length > 0 ? tooDeep : JSON.stringify(value) });
    }
  }
  return leaves;
}

function membersOf(value: Json): [string | number, Json][] {
  if (isJsonArray(value)) return value.map((inner, index): [number, Json] => [index, inner]);
  return isJsonObject(value) ? Object.entries(value) : [];
}
