import type { Decision, RuleResult } from '@vouchsafe/engine';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { BackgroundReport } from './start-background.ts';

/** Whether what the policy generates is told of in the report about its trigger: Kyverno reports policies in CEL alone. */
export function isReported({ policy }: Pick<Decision, 'policy'>): boolean {
  return policy.kind.endsWith('GeneratingPolicy');
}

/**
 * A decision of a policy that generates, as reports tell it (kyverno-cel §7.2): with the names of what was generated, and an
 * error where that was not done.
 */
export function withGenerated(decision: Decision, reports: readonly BackgroundReport[]): Decision {
  const failed = reports.find(({ outcome }) => typeof outcome === 'object');
  const problem = typeof failed?.outcome === 'object' ? failed.outcome.problem : undefined;
  const names = reports.map(({ object }) => describe(object.resource)).join('; ');
  const told = (result: RuleResult): RuleResult => {
    if (result.status !== 'pass' || names === '') return result;
    const properties = { ...result.properties, 'generated-resources': names };
    return problem === undefined ? { ...result, properties } : { ...result, status: 'error', message: problem };
  };
  return { ...decision, results: decision.results.map(told) };
}

/** `/v1, Kind=ConfigMap Name=settings Namespace=team`. */
function describe(resource: JsonObject): string {
  const text = (...path: string[]): string => String(memberAt(resource, ...path) ?? '');
  const [version = '', group = ''] = text('apiVersion').split('/').reverse();
  const place = `Name=${text('metadata', 'name')} Namespace=${text('metadata', 'namespace')}`;
  return `${group}/${version}, Kind=${text('kind')} ${place}`;
}
