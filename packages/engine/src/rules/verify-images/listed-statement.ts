import { isJsonObject, type Json, type JsonObject, member, memberAt } from '../../kernel/json.ts';

const CUSTOM_PREDICATE = 'cosign.sigstore.dev/attestation/v1';

/**
 * A verified statement as conditions of rules see it: as Kyverno does, the text that cosign's custom predicate wraps as
 * `Data` is read as JSON when it is an object.
 */
export function listedStatement(statement: JsonObject): JsonObject {
  let read = READ.get(statement);
  if (read === undefined) {
    read = readStatement(statement);
    READ.set(statement, read);
  }
  return read;
}

/** Statements come again as long as an image's verdict is kept. */
const READ = new WeakMap<JsonObject, JsonObject>();

function readStatement(statement: JsonObject): JsonObject {
  const type = member(statement, 'type');
  if (typeof type !== 'string' || !type.endsWith(CUSTOM_PREDICATE)) return statement;
  const predicate = member(statement, 'predicate');
  const data = parseObject(memberAt(predicate, 'Data'));
  if (!isJsonObject(predicate) || data === undefined) return statement;
  return { ...statement, predicate: { ...predicate, Data: data } };
}

function parseObject(text: Json | undefined): JsonObject | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    // JSON.parse gives exactly the Json type.
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
