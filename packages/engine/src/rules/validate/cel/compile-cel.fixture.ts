import type { Fact } from '../../../facts/fact.ts';
import type { FactRequest } from '../../../facts/fact-request.ts';
import { tableOf } from '../../../facts/fact-source.fixture.ts';
import type { Diagnostic } from '../../../kernel/diagnostics/diagnostic.ts';
import { STILL_HOST } from '../../../kernel/host.fixture.ts';
import type { JsonObject } from '../../../kernel/json.ts';
import { createScope } from '../../../lang/variables/create-scope.ts';
import { loadPolicies } from '../../../load/load-policies.ts';
import { requestOf } from '../../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../../model/request.ts';
import { inputOf } from '../../rule.fixture.ts';
import { compileCelCheck } from './compile-cel.ts';

export interface Situation {
  readonly request?: Partial<EvaluationRequest>;
  readonly message?: string;
  readonly conditions?: readonly JsonObject[];
  readonly status?: JsonObject;
  readonly facts?: readonly (readonly [FactRequest, Fact])[];
}

export const pod: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', labels: { app: 'web' } },
  spec: { replicas: 3, containers: [{ name: 'a', image: 'nginx:1' }] },
};

/** A rule of this block, and what it says of a Pod. */
export function run(cel: JsonObject, situation: Situation = {}) {
  const diagnostics: Diagnostic[] = [];
  const rule = {
    name: 'r',
    match: { any: [{ resources: { kinds: ['Pod'] } }] },
    ...(situation.conditions ? { celPreconditions: situation.conditions } : {}),
    validate: { ...(situation.message === undefined ? {} : { message: situation.message }), cel },
  };
  const text = JSON.stringify({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [rule] },
    ...(situation.status ? { status: situation.status } : {}),
  });
  const [policy] = loadPolicies(text, 'p.yaml').policies;
  const loaded = policy?.family === 'legacy' ? policy.spec.rules[0] : undefined;
  if (policy?.family !== 'legacy' || !loaded) throw new Error('the policy was not loaded');
  const { evaluate, passes } = compileCelCheck(cel, {
    policy,
    rule: loaded,
    host: STILL_HOST,
    report: (found) => diagnostics.push(found),
  });
  const request = requestOf(pod, situation.request);
  const facts = tableOf(situation.facts ?? []);
  const input = inputOf(request, { facts });
  const ask = () => evaluate({ input, scope: createScope(input, { host: STILL_HOST }), action: 'Audit' });
  return { ask, passes: () => passes?.(input), diagnostics };
}

export const outcomeOf = (...given: Parameters<typeof run>) => run(...given).ask();
export const checks = (expression: string, more: JsonObject = {}): JsonObject => ({
  expressions: [{ expression, ...more }],
});
export const PASS = { status: 'pass', message: "Validation rule 'r' passed." };
export const fails = (message: string) => ({ status: 'fail', message });
