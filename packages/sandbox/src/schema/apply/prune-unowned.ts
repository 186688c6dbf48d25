import type { JsonValue } from '../json/json-value.ts';
import { difference, type FieldSet, intersection, isEmptySet, union, withNamedParents } from './field-set.ts';
import type { MergeType } from './merge-type.ts';
import { removeItems } from './remove-items.ts';
import { toFieldSet } from './to-field-set.ts';

/**
 * Removes from a merged object what the applier claimed last time (`last`) and nobody claims now (`owned`: the sets of all
 * managers, with the applier's new one).
 */
export function pruneUnowned(type: MergeType, merged: JsonValue, last: FieldSet, owned: FieldSet): JsonValue {
  if (isEmptySet(last)) return merged;
  const named = (set: FieldSet) => withNamedParents(set, type);
  const mergedSet = named(toFieldSet(type, merged));
  const stripped = removeItems(type, merged, named(last));
  // Owned items come back, and so does everything the applier never claimed.
  const kept = removeItems(type, merged, difference(mergedSet, union(named(toFieldSet(type, stripped)), named(owned))));
  const keptSet = named(toFieldSet(type, kept));
  return removeItems(type, merged, intersection(difference(mergedSet, keptSet), named(last)));
}
