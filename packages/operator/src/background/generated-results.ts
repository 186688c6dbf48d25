import type { Decision, RuleResult } from '@vouchsafe/engine';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { BackgroundReport } from './start-background.ts';

/** Whether what the policy does is told of in the report about its trigger; scans tell of policies in CEL that mutate. */
export function isReported({ policy }: Pick<Decision, 'policy'>): boolean {
  return !policy.kind.endsWith('MutatingPolicy');
}

/**
 * A decision of a policy that generates or mutates what exists, as reports tell it (kyverno-cel §7.2): with the names of what was
 * generated or patched, and an error where that was not done.
 */
export function withGenerated(decision: Decision, reports: readonly BackgroundReport[]): Decision {
  const told = (result: RuleResult): RuleResult => {
    const own = reports.filter(({ rule }) => rule === result.rule);
    const failed = own.find(({ outcome }) => typeof outcome === 'object');
    const problem = typeof failed?.outcome === 'object' ? failed.outcome.problem : undefined;
    const made = own.filter(({ kind }) => kind === 'create');
    const names = made.map(({ object }) => describe(object.resource)).join('; ');
    const target = own.find(({ kind, object }) => kind === 'update' && isToldBy(result, object.resource));
    if (result.status !== 'pass' || (names === '' && !target && problem === undefined)) return result;
    const properties = {
      ...result.properties,
      ...(names === '' ? {} : { 'generated-resources': names }),
      ...(target ? { 'patched-target': describe(target.object.resource) } : {}),
    };
    return problem === undefined ? { ...result, properties } : { ...result, status: 'error', message: problem };
  };
  // Rules that did not apply are not told of; those of policies in CEL are.
  const isTold = ({ status }: RuleResult) => status !== 'skip' || !decision.policy.apiVersion.startsWith('kyverno.io/');
  return { ...decision, results: decision.results.filter(isTold).map(told) };
}

/** A rule has a result for each of its targets, which the message names. */
function isToldBy({ message }: RuleResult, target: JsonObject): boolean {
  const text = (...path: string[]): string => String(memberAt(target, ...path) ?? '');
  const name = `${text('kind')}/${text('metadata', 'name')}`;
  return message === `mutated ${name} in namespace ${text('metadata', 'namespace')}`;
}

/** `/v1, Kind=ConfigMap Name=settings Namespace=team`. */
function describe(resource: JsonObject): string {
  const text = (...path: string[]): string => String(memberAt(resource, ...path) ?? '');
  const [version = '', group = ''] = text('apiVersion').split('/').reverse();
  const place = `Name=${text('metadata', 'name')} Namespace=${text('metadata', 'namespace')}`;
  return `${group}/${version}, Kind=${text('kind')} ${place}`;
}
