import type { Decision, RuleResult } from '@vouchsafe/engine';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { BackgroundReport } from './start-background.ts';

/**
 * What reports tell of an existing object that a MutatingPolicy changed, or could not change, as a decision about that object;
 * `undefined` for others. Kyverno reports policies in CEL alone in this way (kyverno-cel §4.3).
 */
export function targetDecision({ policy, rule, object, outcome }: BackgroundReport): Decision | undefined {
  if (object.kind !== 'update' || !policy.kind.endsWith('MutatingPolicy')) return undefined;
  const problem = typeof outcome === 'object' ? outcome.problem : undefined;
  const result: RuleResult = {
    rule,
    type: 'Mutation',
    action: 'Audit',
    status: problem === undefined ? 'pass' : 'error',
    message: problem ?? 'success',
  };
  return {
    policy,
    phase: 'validate',
    standing: 'audit',
    resource: referenceOf(object.resource),
    failurePolicy: 'Ignore',
    results: [result],
    effects: [],
  };
}

function referenceOf(resource: JsonObject): Decision['resource'] {
  const text = (...path: readonly string[]): string => {
    const value = memberAt(resource, ...path);
    return typeof value === 'string' ? value : '';
  };
  const uid = text('metadata', 'uid');
  return {
    apiVersion: text('apiVersion'),
    kind: text('kind'),
    namespace: text('metadata', 'namespace'),
    name: text('metadata', 'name'),
    ...(uid === '' ? {} : { uid }),
  };
}
