import { defineMember, isJsonObject, type Json, type JsonObject, member } from '../kernel/json.ts';

/** What was verified, image by image; informative. */
export const VERIFY_IMAGES_ANNOTATION = 'kyverno.io/verify-images';
/** The same by policy and rule. */
export const VERIFY_IMAGES_SCOPED_ANNOTATION = 'kyverno.io/verify-images-scoped';

type Annotations = Readonly<Record<string, string | null>>;

/**
 * One set of annotations out of several: the image outcomes of all policies and rules are joined (kyverno-core §3.7,
 * members sorted as Go writes maps), for other keys the last wins.
 */
export function mergeImageAnnotations(all: readonly Annotations[]): Annotations {
  if (all.length === 1 && all[0]) return all[0];
  const merged: Record<string, string | null> = {};
  for (const annotations of all) {
    for (const [key, value] of Object.entries(annotations)) {
      const before = merged[key];
      const isOutcome = key === VERIFY_IMAGES_ANNOTATION || key === VERIFY_IMAGES_SCOPED_ANNOTATION;
      merged[key] = isOutcome && before && value ? joinOutcomes(before, value) : value;
    }
  }
  return merged;
}

/** Both texts were written by this engine. */
function joinOutcomes(before: string, after: string): string {
  return sortedJson(joinObjects(JSON.parse(before) as Json, JSON.parse(after) as Json));
}

function joinObjects(before: Json, after: Json): Json {
  if (!isJsonObject(before) || !isJsonObject(after)) return after;
  const joined: Record<string, Json> = { ...before };
  for (const [key, value] of Object.entries(after)) {
    const known = member(before, key);
    defineMember(joined, key, known === undefined ? value : joinObjects(known, value));
  }
  return joined;
}

/** JSON with members sorted by name, except that `version` of the scoped annotation stays first as in Go's struct. */
export function sortedJson(value: Json): string {
  if (!isJsonObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort((a, b) => rank(a, value) - rank(b, value) || (a < b ? -1 : 1));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sortedJson(member(value, key) ?? null)}`).join(',')}}`;
}

function rank(key: string, holder: JsonObject): number {
  return key === 'version' && isJsonObject(member(holder, 'policies')) ? 0 : 1;
}
