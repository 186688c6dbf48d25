import {
  arrayMember,
  cloneJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  memberAt,
  stringMember,
} from '../json/json-value.ts';

/**
 * The status of a definition whose names are free: accepted names, the conditions in the server's order and words, and
 * every version that ever stored objects. Conditions that already hold keep their times.
 */
export function definitionStatus(definition: JsonObject, now: Date): JsonObject {
  const names = memberAt(definition, 'spec', 'names');
  const existing = arrayMember(member(definition, 'status'), 'conditions');
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const condition = (type: string, reason: string, message: string): JsonObject => {
    const held = existing.find((item) => member(item, 'type') === type && member(item, 'status') === 'True');
    return isJsonObject(held) ? cloneJson(held) : { lastTransitionTime: time, message, reason, status: 'True', type };
  };
  return {
    acceptedNames: isJsonObject(names) ? cloneJson(names) : {},
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    storedVersions: storedVersions(definition),
  };
}

function storedVersions(definition: JsonObject): JsonValue[] {
  const stored = arrayMember(member(definition, 'status'), 'storedVersions').filter((name) => typeof name === 'string');
  const current = arrayMember(member(definition, 'spec'), 'versions').find(
    (version) => member(version, 'storage') === true,
  );
  const name = stringMember(current, 'name');
  return name === '' || stored.includes(name) ? [...stored] : [...stored, name];
}
