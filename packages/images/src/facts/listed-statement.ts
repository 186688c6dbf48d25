import { isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';

const customPredicate = 'cosign.sigstore.dev/attestation/v1';

/**
 * A verified statement as conditions of policies see it: with its predicate type as `type`, and, as Kyverno does, the text
 * that cosign's custom predicate wraps as `Data` read as JSON when it is an object.
 */
export function listedStatement(statement: JsonObject, type: string): JsonObject {
  if (!type.endsWith(customPredicate)) return { ...statement, type };
  const predicate = member(statement, 'predicate');
  const data = parseObject(memberAt(predicate, 'Data'));
  if (!isJsonObject(predicate) || data === undefined) return { ...statement, type };
  return { ...statement, type, predicate: { ...predicate, Data: data } };
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
