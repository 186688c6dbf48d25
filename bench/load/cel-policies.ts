import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  type CompiledPolicy,
  createEngine,
  createPolicyIndex,
  type Decision,
  decideAtOnce,
  loadPolicies,
  type PolicyIndex,
  toRequest,
} from '@vouchsafe/engine';
import { FactTable } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '@vouchsafe/operator/host';
import { podReview } from '../data/pod-review.ts';
import type { Report } from '../suite.ts';
import { median } from './process-figures.ts';
import { allocated, microseconds } from './timing.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const SURROUNDINGS = { roles: [], clusterRoles: [], namespaceLabels: {}, now: 0 };
const ROUNDS = 21;
const EVALUATIONS = 1000;

/** Loads and compiles the fifteen Pod Security policies in CEL, with what autogen makes of them. */
export function compilePodSecurity(): readonly CompiledPolicy[] {
  const { policies } = loadPolicies(
    readFileSync(here('../data/pod-security-cel.yaml'), 'utf8'),
    'pod-security-cel.yaml',
  );
  const engine = createEngine({ host: NODE_HOST });
  return policies.map((policy) => {
    const { compiled } = engine.compile(policy);
    if (!compiled) throw new Error(`\`${policy.ref.name}\` does not compile`);
    return compiled;
  });
}

/** Whole ValidatingPolicies on a Pod of 6.2 KB: how many evaluations a second, what each leaves behind, and the first compile. */
export async function measurePolicies(report: Report): Promise<void> {
  const index = createPolicyIndex(compilePodSecurity());
  checkResults(index);
  const text = JSON.stringify(podReview());
  const requests = Array.from({ length: 8 }, () => requestOf(text));
  const evaluate = (at: number) => evaluateOne(index, requests[at % requests.length] ?? {});
  const times = Array.from({ length: ROUNDS }, () => microseconds(EVALUATIONS, evaluate));
  report('policies.evaluation', median(times), 'µs');
  report('policies.evaluations', 1e6 / median(times), '1/s', { must: 5_000 });
  report('policies.allocated', allocated(evaluate), 'bytes', { must: 60_000, lower: true });
  report('policies.first-compile', await firstCompile(), 'ms', { must: 1_000, lower: true });
}

function requestOf(text: string): JsonObject {
  return (JSON.parse(text) as { request: JsonObject }).request; // a review that podReview built
}

function evaluateOne(index: PolicyIndex, admission: JsonObject): readonly Decision[] {
  const request = toRequest(admission, SURROUNDINGS);
  const decisions = decideAtOnce(index.candidates(request, 'validate'), request, {
    phase: 'validate',
    facts: new FactTable(),
  });
  if (!decisions) throw new Error('a policy asks for facts');
  return decisions;
}

/** Speed counts only with the right results: fifteen passes, and two failures of a privileged Pod. */
function checkResults(index: PolicyIndex): void {
  const failures = [false, true].map((privileged) => {
    const decisions = evaluateOne(index, requestOf(JSON.stringify(podReview({ privileged }))));
    if (decisions.length !== 15) throw new Error(`${decisions.length} policies instead of fifteen`);
    return decisions.filter(({ results }) => results[0]?.status !== 'pass').map(({ policy }) => policy.name);
  });
  if (failures[0]?.length !== 0 || failures[1]?.join() !== 'privileged,privilege-escalation') {
    throw new Error(`other results than expected: ${JSON.stringify(failures)}`);
  }
}

/** Milliseconds in a thread that has never compiled an expression, its modules loaded. */
function firstCompile(): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(here('compile-first.ts'));
    worker.once('message', (milliseconds: number) => resolve(milliseconds));
    worker.once('error', reject);
  });
}
