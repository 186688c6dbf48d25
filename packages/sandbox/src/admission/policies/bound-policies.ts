import type { Cluster } from '../../api/cluster.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { type PolicyBinding, readPolicyBinding } from './admission-policy.ts';

/** The policies of one kind with their bindings, by the names of the policies; compiled once per change. */
export interface BoundPolicies<Policy> {
  list(): readonly { readonly policy: Policy; readonly binding: PolicyBinding }[];
  stop(): void;
}

/** `kind`: the resource of the policies, singular; that of the bindings is named after it. */
export function followBoundPolicies<Policy>(
  cluster: Cluster,
  kind: 'validatingadmissionpolicy' | 'mutatingadmissionpolicy',
  compile: (name: string, object: JsonObject) => Policy,
): BoundPolicies<Policy> {
  const group = 'admissionregistration.k8s.io';
  const policies = `${kind.replace(/y$/, 'ies')}.${group}`;
  const bindings = `${kind}bindings.${group}`;
  let bound: ReturnType<BoundPolicies<Policy>['list']> | undefined;
  const subscriptions = [policies, bindings].map((storage) =>
    cluster.store.subscribe(storage, () => {
      bound = undefined;
    }),
  );

  function read(): ReturnType<BoundPolicies<Policy>['list']> {
    const all = cluster.store.list(bindings).map(({ name, object }) => readPolicyBinding(name, object));
    return cluster.store.list(policies).flatMap(({ name, object }) => {
      const policy = compile(name, object);
      return all.filter(({ policyName }) => policyName === name).map((binding) => ({ policy, binding }));
    });
  }

  return {
    list() {
      bound ??= read();
      return bound;
    },
    stop() {
      for (const subscription of subscriptions) subscription.stop();
    },
  };
}
