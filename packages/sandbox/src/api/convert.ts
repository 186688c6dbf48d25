import type { JsonObject } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import { autoscalerToV1, autoscalerToV2 } from './autoscaler-views.ts';
import { eventToCore, eventToEvents } from './event-views.ts';
import { apiVersionOf, type ResourceDefinition } from './resource-definition.ts';

/** The object as this version of its resource shows it. */
export function toRequestVersion(definition: ResourceDefinition, object: JsonObject): JsonObject {
  const apiVersion = apiVersionOf(definition);
  if (object['apiVersion'] === apiVersion) {
    return object;
  }
  if (definition.storage === 'events') {
    return eventToEvents(object);
  }
  if (definition.storage === 'horizontalpodautoscalers.autoscaling') {
    return autoscalerToV1(object);
  }
  // Conversion strategy None, and built-in versions that differ by name only.
  return { ...object, apiVersion };
}

/** The object as it is stored. */
export function toStorageVersion(definition: ResourceDefinition, object: JsonObject): JsonObject {
  if (definition.storage === 'events') {
    return definition.group === 'events.k8s.io' ? eventToCore(object) : object;
  }
  if (definition.storage === 'horizontalpodautoscalers.autoscaling') {
    return definition.version === 'v1' ? autoscalerToV2(object) : object;
  }
  const { custom } = definition;
  if (custom === undefined || custom.storageVersion === definition.version) {
    return object;
  }
  return { ...object, apiVersion: apiVersionOf({ group: definition.group, version: custom.storageVersion }) };
}

/** The stored object in the version of the request, serialised once per stored state. */
export function textOf(definition: ResourceDefinition, stored: StoredObject): string {
  const version = `${definition.group}/${definition.version}`;
  let text = stored.texts.get(version);
  if (text === undefined) {
    text = JSON.stringify(toRequestVersion(definition, stored.object));
    stored.texts.set(version, text);
  }
  return text;
}
