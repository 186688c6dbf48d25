import { type CompiledPolicy, createEngine, type Decision, loadPolicy, type RuleResult } from '@vouchsafe/engine';
import { NODE_HOST } from '../facts/node-host.ts';

const engine = createEngine({ host: NODE_HOST });

/** A policy about ConfigMaps with these rules. */
export function compiled(name: string, ...rules: readonly string[]): CompiledPolicy {
  const match = { any: [{ resources: { kinds: ['ConfigMap'] } }] };
  const { policy } = loadPolicy({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: { rules: rules.map((rule) => ({ name: rule, match, validate: { message: 'm', pattern: { data: {} } } })) },
  });
  const result = policy && engine.compile(policy).compiled;
  if (!result) throw new Error('the policy does not compile');
  return result;
}

export const resource = (uid: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: 'default',
  name: `n-${uid}`,
  uid,
});

export const result = (rule: string, status: RuleResult['status'], message: string = status): RuleResult => ({
  rule,
  type: 'Validation',
  status,
  message,
  action: 'Audit',
});

export function decision(policy: CompiledPolicy, ...results: readonly RuleResult[]): Decision {
  return {
    policy: policy.ref,
    phase: 'validate',
    standing: 'audit',
    resource: resource('1'),
    failurePolicy: 'Fail',
    results,
    effects: [],
  };
}
