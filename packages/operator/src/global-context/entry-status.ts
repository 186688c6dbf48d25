import { isJsonObject, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { EntryState } from './entry-store.ts';

/**
 * The `status` an entry should have (kyverno-core §1.5); `undefined` when the stored one says so already, and before there
 * is anything to say. Kyverno tells the time of the last refresh for calls alone.
 */
export function computeEntryStatus(
  { document, isReady, message, refreshedAt }: EntryState,
  now: number,
): JsonObject | undefined {
  if (isReady === undefined) return undefined;
  const condition = {
    type: 'Ready',
    status: isReady ? 'True' : 'False',
    reason: isReady ? 'Succeeded' : 'Failed',
    message,
  };
  const conditions = memberAt(document, 'status', 'conditions');
  const known = Array.isArray(conditions)
    ? conditions.find((one) => memberAt(one, 'type') === condition.type)
    : undefined;
  const isSame = Object.entries(condition).every(([key, value]) => memberAt(known, key) === value);
  const refresh = refreshedAt === undefined ? undefined : toTime(refreshedAt);
  if (isSame && (refresh === undefined || memberAt(document, 'status', 'lastRefreshTime') === refresh))
    return undefined;
  const sinceWhen =
    isJsonObject(known) && known['status'] === condition.status ? known['lastTransitionTime'] : undefined;
  return {
    conditions: [{ ...condition, lastTransitionTime: sinceWhen ?? toTime(now) }],
    ...(refresh === undefined ? {} : { lastRefreshTime: refresh }),
  };
}

function toTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
