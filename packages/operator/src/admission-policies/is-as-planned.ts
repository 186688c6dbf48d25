import { isEqualJson, isJsonArray, isJsonObject, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { GeneratedSpec } from './generated-policy.ts';

/** What the API server fills in where nothing is written. */
const DEFAULTS: Readonly<Record<string, Json>> = {
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  scope: '*',
};
const EMPTY_MEANS_NOTHING = new Set(['namespaceSelector', 'objectSelector', 'matchConstraints']);

/**
 * Whether an object of the cluster says just what is planned, and of the policy it was made for. One that says less must not
 * stand in for the policy, whoever changed it.
 */
export function isAsPlanned(live: JsonObject, planned: GeneratedSpec, owner: JsonObject): boolean {
  const labels = memberAt(live, 'metadata', 'labels') ?? {};
  const hasLabels = Object.entries(planned.labels).every(([key, value]) => memberAt(labels, key) === value);
  return (
    hasLabels &&
    memberAt(live, 'metadata', 'deletionTimestamp') === undefined &&
    isEqualJson(memberAt(live, 'metadata', 'ownerReferences'), [owner]) &&
    isEqualJson(plain(memberAt(live, 'spec') ?? {}), plain(planned.spec))
  );
}

/** Without what means the same as nothing. */
function plain(value: Json): Json {
  if (isJsonArray(value)) return value.map(plain);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).flatMap(([key, item]): [string, Json][] => {
    const inner = plain(item);
    if (inner === null || isEqualJson(inner, DEFAULTS[key])) return [];
    const isEmpty =
      (isJsonArray(inner) && inner.length === 0) || (isJsonObject(inner) && Object.keys(inner).length === 0);
    return isEmpty && (isJsonArray(inner) || EMPTY_MEANS_NOTHING.has(key)) ? [] : [[key, inner]];
  });
  return Object.fromEntries(kept);
}
