import { isJsonObject, type Json, type JsonObject, member, withMember } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { readObject } from '../../model/read-json.ts';

/**
 * The namespace an object is in, as `namespaceObject` shows it; null for cluster-scoped objects, a text when it cannot be
 * told. Without a cluster only its name is known, as upstream. May throw `Need`.
 */
export function namespaceObject(name: string, { request, facts }: RuleInput): JsonObject | null | string {
  if (name === '') return null;
  if (request.standIns !== undefined) return { metadata: { name } };
  const fact = facts.get({ kind: 'resource', apiVersion: 'v1', resourceKind: 'Namespace', name });
  if (!fact.ok) return fact.message;
  return isJsonObject(fact.value) ? shown(fact.value) : null;
}

/** The same for Kyverno's kinds in CEL, which see what the stand-ins tell of a namespace. */
export function policyNamespaceObject(name: string, input: RuleInput): JsonObject | null {
  const { standIns } = input.request;
  if (standIns !== undefined) {
    const known = standIns.namespaces?.get(name);
    return known === undefined ? null : shown(known);
  }
  const found = namespaceObject(name, input);
  return typeof found === 'string' ? null : found;
}

/** Only what Kubernetes shows of it; the uid is spelt `UID` there. */
function shown(namespace: JsonObject): JsonObject {
  const found: Record<string, Json> = {};
  for (const key of ['spec', 'status']) {
    const part = member(namespace, key);
    if (part !== undefined) found[key] = part;
  }
  const metadata = readObject(namespace, 'metadata') ?? {};
  const uid = member(metadata, 'uid');
  return { ...found, metadata: uid === undefined ? metadata : withMember(metadata, 'UID', uid) };
}
