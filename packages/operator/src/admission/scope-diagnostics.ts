import type { Policy } from '@vouchsafe/engine';
import { type Diagnostic, isJsonObject, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { ApiResource } from '@vouchsafe/kube';
import { type GeneratePart, generateParts, kindOf, kindsIn, rulesOf, servedAs, textsIn } from './named-targets.ts';

/**
 * What is wrong about the scope of the kinds that a policy with rules names, as Kyverno tells it: kinds of the cluster in
 * policies of a namespace, and targets whose namespace does not go with their kind. Kinds that nobody serves are left alone.
 */
export function diagnoseScopes(policy: Policy, served: readonly ApiResource[]): readonly Diagnostic[] {
  if (policy.family !== 'legacy') return [];
  const isNamespaced = policy.document['kind'] === 'Policy';
  const scopeOf = (kind: string) => scopeAmong(servedAs(kind, served));
  return [
    ...(isNamespaced ? clusterKinds(policy.document, scopeOf) : []),
    ...generateParts(policy).flatMap((part) => [
      ...targetProblems(part, isNamespaced, scopeOf),
      ...listProblems(part, isNamespaced, scopeOf),
    ]),
  ];
}

type Scope = 'Cluster' | 'Namespaced' | undefined;
type ScopeOf = (kind: string) => Scope;

/** `undefined` when nobody serves it, or one as the other. */
function scopeAmong(served: readonly ApiResource[]): Scope {
  const scopes = new Set(served.map(({ isNamespaced }): Scope => (isNamespaced ? 'Namespaced' : 'Cluster')));
  return scopes.size === 1 ? [...scopes][0] : undefined;
}

function clusterKinds(document: JsonObject, scopeOf: ScopeOf): Diagnostic[] {
  return rulesOf(document).flatMap((rule, index) =>
    kindsIn(rule['match'])
      .filter((kind) => scopeOf(kind) === 'Cluster')
      .map((kind) =>
        refusal(`spec.rules[${index}].match`, `Cluster wide resource '${kind}' not allowed in namespaced policy`),
      ),
  );
}

function targetProblems({ part, path }: GeneratePart, isNamespaced: boolean, scopeOf: ScopeOf): Diagnostic[] {
  const kind = kindOf(part);
  const scope = scopeOf(kind);
  const hasNamespace = isWritten(part, 'namespace');
  const at = `${path}.namespace`;
  if (scope === 'Cluster' && isNamespaced) {
    return [refusal(at, `target resource scope mismatched: the target must be a namespaced resource: ${kind}`)];
  }
  if (scope === 'Cluster' && hasNamespace) {
    return [refusal(at, 'target namespace must not be set for a cluster-wide resource')];
  }
  if (scope === 'Namespaced' && !hasNamespace) {
    return [refusal(at, 'target namespace must be set for a namespaced resource')];
  }
  return [];
}

function listProblems({ part, path }: GeneratePart, isNamespaced: boolean, scopeOf: ScopeOf): Diagnostic[] {
  const list = memberAt(part, 'cloneList');
  const kinds = textsIn(memberAt(list, 'kinds'));
  if (!isJsonObject(list) || kinds.length === 0) return [];
  const scopes = new Set(kinds.map(scopeOf).filter((scope) => scope !== undefined));
  const at = `${path}.cloneList`;
  const source = kinds.find((kind) => scopeOf(kind) === 'Cluster');
  if (isNamespaced && source !== undefined) {
    return [refusal(`${at}.kinds`, `the source in cloneList must be a namespaced resource: ${source}`)];
  }
  if (scopes.size > 1) return [refusal(`${at}.kinds`, 'mixed scope of target resources is forbidden')];
  const hasNamespace = isWritten(list, 'namespace');
  if (scopes.has('Namespaced') && !hasNamespace) {
    return [refusal(`${at}.namespace`, 'namespace is required for namespaced target resources')];
  }
  if (scopes.has('Cluster') && hasNamespace) {
    return [refusal(`${at}.namespace`, 'namespace is forbidden for cluster-wide target resources')];
  }
  return [];
}

function isWritten(object: JsonObject, key: string): boolean {
  return (memberAt(object, key) ?? '') !== '';
}

function refusal(path: string, message: string): Diagnostic {
  return { code: 'policy-conflict', severity: 'error', path, message };
}
