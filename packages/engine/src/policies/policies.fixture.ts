import { createEngine } from '../compile/create-engine.ts';
import type { Compilation } from '../compile/engine.ts';
import { STILL_HOST } from '../kernel/host.fixture.ts';
import type { JsonObject } from '../kernel/json.ts';
import { type LoadedPolicies, loadPolicies } from '../load/load-policies.ts';
import type { CompiledPolicy } from '../model/compiled-policy.ts';
import type { Decision } from '../model/decision.ts';

export const engine = createEngine({ host: STILL_HOST });

/** Constraints that ask for one resource of the core group, of those that `narrow` leaves. */
export function matching(
  resource: string,
  operations: readonly string[] = ['CREATE', 'UPDATE', 'DELETE'],
  narrow: JsonObject = {},
): JsonObject {
  return {
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations, resources: [resource], ...narrow }],
  };
}

export interface WrittenPolicy {
  /** `p` unless told. */
  readonly name?: string;
  /** Makes it the kind for a namespace. */
  readonly namespace?: string | undefined;
  readonly spec: JsonObject;
}

/** A policy of policies.kyverno.io about Pods, unless its spec matches otherwise. */
export function celPolicy(kind: string, { name = 'p', namespace, spec }: WrittenPolicy): JsonObject {
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: namespace === undefined ? kind : `Namespaced${kind}`,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: { matchConstraints: matching('pods'), ...spec },
  };
}

/** The exception `ns/e` for one policy. */
export function celException(kind: string, policy: string, spec: JsonObject = {}, name = 'e'): JsonObject {
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'PolicyException',
    metadata: { name, namespace: 'ns' },
    spec: { policyRefs: [{ name: policy, kind }], ...spec },
  };
}

/** Kubernetes' own admission policy `p`. */
export function admissionPolicy(kind: string, spec: JsonObject, version = 'v1'): JsonObject {
  return { apiVersion: `admissionregistration.k8s.io/${version}`, kind, metadata: { name: 'p' }, spec };
}

/** A binding of such a policy. */
export function admissionBinding(kind: string, name: string, spec: JsonObject = {}, policyName = 'p'): JsonObject {
  return { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, spec: { policyName, ...spec } };
}

export function loadDocuments(documents: readonly JsonObject[]): LoadedPolicies {
  return loadPolicies(JSON.stringify({ kind: 'List', apiVersion: 'v1', items: documents }), 'p');
}

/** One for each policy among the documents, with the exceptions and bindings among them; throws when one does not load. */
export function compileDocuments(documents: readonly JsonObject[]): readonly Compilation[] {
  const { policies, celExceptions, bindings, diagnostics } = loadDocuments(documents);
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join('; '));
  return policies.map((policy) => engine.compile(policy, { celExceptions, bindings }));
}

/** Throws when a policy does not compile. */
export function compiledPolicies(documents: readonly JsonObject[]): readonly CompiledPolicy[] {
  return compileDocuments(documents).map(({ compiled, diagnostics }) => {
    if (!compiled) throw new Error(diagnostics.map(({ message }) => message).join('; '));
    return compiled;
  });
}

/** The first of them. */
export function compiledPolicy(documents: readonly JsonObject[]): CompiledPolicy {
  const [first] = compiledPolicies(documents);
  if (!first) throw new Error('no policy among the documents');
  return first;
}

/** `rule status message` of each result. */
export function told(decisions: readonly (Decision | undefined)[]): readonly string[] {
  return decisions.flatMap((decision) =>
    (decision?.results ?? []).map(({ rule, status, message }) => `${rule} ${status} ${message}`),
  );
}
