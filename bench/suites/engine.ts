import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type CompiledPolicy,
  createEngine,
  createPolicyIndex,
  type Decision,
  decideAtOnce,
  type EvaluationRequest,
  loadPolicies,
  type PolicyIndex,
  toRequest,
} from '@vouchsafe/engine';
import { FactTable } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator';
import { podReview } from '../data/pod-review.ts';
import { median } from '../load/process-figures.ts';
import { allocated, microseconds } from '../load/timing.ts';
import type { Suite } from '../suite.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const ROUNDS = 31;
const PARSES = 400;
const EVALUATIONS = 1000;
/** Before V8 has compiled a function for good it takes twice the time; an admission controller meets that once. */
const WARM_UP = 40_000;
const SURROUNDINGS = { roles: [], clusterRoles: [], namespaceLabels: {}, now: 0 };

/** Seventeen Pod Security policies, a Pod of 6.2 KB; parsing and evaluating take turns, so that their ratio holds anywhere. */
export const engine: Suite = {
  name: 'engine',
  summary: 'evaluations a second, against parsing the same body; memory each; time of each policy',
  async run(report) {
    const policies = compileAll();
    const index = createPolicyIndex(policies);
    checkResults(index);
    const text = JSON.stringify(podReview());
    const requests = Array.from({ length: 8 }, () => requestOf(text));
    const evaluate = (at: number) => evaluateOne(index, requests[at % requests.length] ?? {});
    microseconds(WARM_UP, evaluate);
    const parses: number[] = [];
    const evaluations: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      parses.push(microseconds(PARSES, () => JSON.parse(text)));
      evaluations.push(microseconds(EVALUATIONS, evaluate));
    }
    const ratios = evaluations.map((time, round) => time / (parses[round] ?? Number.NaN));
    report('evaluation', median(evaluations), 'µs');
    report('evaluations', 1e6 / median(evaluations), '1/s');
    report('json-parse', median(parses), 'µs');
    report('evaluation-per-parse', median(ratios), '×', { must: 0.2, aim: 0.1, lower: true });
    report('allocated', allocated(evaluate), 'bytes');
    for (const policy of policies) {
      const alone = createPolicyIndex([policy]);
      const times = Array.from({ length: 11 }, () =>
        microseconds(EVALUATIONS, (at) => evaluateOne(alone, requests[at % requests.length] ?? {})),
      );
      report(`alone.${policy.ref.name}`, median(times), 'µs');
    }
  },
};

function compileAll(): readonly CompiledPolicy[] {
  const loaded = loadPolicies(readFileSync(here('../data/pod-security.yaml'), 'utf8'), 'pod-security.yaml');
  const made = createEngine({ host: NODE_HOST });
  return loaded.policies.map((policy) => {
    const { compiled } = made.compile(policy);
    if (!compiled) throw new Error(`\`${policy.ref.name}\` does not compile`);
    return compiled;
  });
}

function requestOf(text: string): JsonObject {
  return (JSON.parse(text) as { request: JsonObject }).request; // a review that podReview built
}

function evaluateOne(index: PolicyIndex, admission: JsonObject): readonly Decision[] {
  const request: EvaluationRequest = toRequest(admission, SURROUNDINGS);
  const decisions = decideAtOnce(index.candidates(request, 'validate'), request, {
    phase: 'validate',
    facts: new FactTable(),
  });
  if (!decisions) throw new Error('a policy asks for facts');
  return decisions;
}

/** Speed counts only with the results that are stored beside the policies. */
function checkResults(index: PolicyIndex): void {
  const expected = readFileSync(here('../data/pod-security.expected.json'), 'utf8');
  const found = [false, true].map((privileged) => {
    const decisions = evaluateOne(index, requestOf(JSON.stringify(podReview({ privileged }))));
    return decisions.map(({ policy, results }) => [
      policy.name,
      ...results.map(({ rule, status, message }) => `${rule}: ${status}: ${message}`),
    ]);
  });
  if (JSON.stringify(found) !== JSON.stringify(JSON.parse(expected))) {
    throw new Error(`other results than expected: ${JSON.stringify(found, null, 2)}`);
  }
}
