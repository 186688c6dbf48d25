import type { FactKind } from '../facts/fact-request.ts';
import { isJsonArray, isJsonObject, type Json } from '../kernel/json.ts';
import { readObject } from '../model/read-json.ts';

/** The kinds of facts a rule can ask for: those of its context entries at any depth, and those of image verification. */
export function factNeeds(document: Json, found: Set<FactKind> = new Set()): Set<FactKind> {
  if (isJsonArray(document)) {
    for (const item of document) factNeeds(item, found);
  } else if (isJsonObject(document)) {
    for (const [key, value] of Object.entries(document)) {
      if (key === 'context' && isJsonArray(value)) for (const entry of value) addContextNeed(entry, found);
      if (key === 'verifyImages') found.add('image-verification').add('image-digest');
      if (key === 'manifests') found.add('signed-message').add('manifest-verification');
      if (key === 'cel' || key === 'celPreconditions') addCelNeeds(value, found);
      factNeeds(value, found);
    }
  }
  return found;
}

function addContextNeed(entry: Json, found: Set<FactKind>): void {
  if (!isJsonObject(entry)) return;
  const apiCall = readObject(entry, 'apiCall');
  if (apiCall) found.add(readObject(apiCall, 'service') ? 'service-call' : 'api-call');
  if (readObject(entry, 'configMap')) found.add('config-map');
  if (readObject(entry, 'imageRegistry')) found.add('image-data');
  if (readObject(entry, 'globalReference')) found.add('global-context');
}

/** Read off the text: an expression that only mentions a name asks for nothing, which does no harm here. */
function addCelNeeds(cel: Json, found: Set<FactKind>): void {
  const text = JSON.stringify(cel);
  if (text.includes('paramKind') || text.includes('namespaceObject')) found.add('resource');
  if (text.includes('authorizer')) found.add('api-call');
}
