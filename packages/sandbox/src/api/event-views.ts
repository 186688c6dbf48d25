import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { objectAt } from '../store/json-value.ts';

/** core/v1 name → events.k8s.io/v1 name; both views show one stored object. */
const RENAMED = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
] as const;

function rename(object: JsonObject, names: ReadonlyMap<string, string>, apiVersion: string): JsonObject {
  const renamed: JsonObject = {};
  for (const [key, value] of Object.entries(object)) {
    renamed[names.get(key) ?? key] = value satisfies JsonValue;
  }
  return { ...renamed, kind: 'Event', apiVersion };
}

const TO_EVENTS = new Map<string, string>(RENAMED.map(([core, events]) => [core, events]));
const TO_CORE = new Map<string, string>(RENAMED.map(([core, events]) => [events, core]));

/** The events.k8s.io/v1 view of a stored event. */
export function eventToEvents(object: JsonObject): JsonObject {
  return rename(object, TO_EVENTS, 'events.k8s.io/v1');
}

/** The stored (core/v1) form of an events.k8s.io/v1 event. */
export function eventToCore(object: JsonObject): JsonObject {
  const core = rename(object, TO_CORE, 'v1');
  return {
    ...core,
    involvedObject: objectAt(core, 'involvedObject') ?? {},
    source: objectAt(core, 'source') ?? {},
    firstTimestamp: core['firstTimestamp'] ?? null,
    lastTimestamp: core['lastTimestamp'] ?? null,
  };
}
