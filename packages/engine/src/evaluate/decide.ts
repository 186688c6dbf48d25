import type { Fact } from '../facts/fact.ts';
import type { FactRequest } from '../facts/fact-request.ts';
import type { Cancellation, FactSource } from '../facts/fact-source.ts';
import { FactTable } from '../facts/fact-table.ts';
import type { CompiledPolicy, Phase } from '../model/compiled-policy.ts';
import type { Decision, Effect } from '../model/decision.ts';
import { type EvaluationRequest, withMutation } from '../model/request.ts';
import { evaluatePolicy, type PolicyEvaluation, type Subject, toSubject } from './evaluate.ts';
import { findPlan } from './joint-plan.ts';
import { settleImages } from './settle-images.ts';

export interface DecideOptions {
  readonly phase: Phase;
  /** Ends the wait for facts: what lacks one then is an `error` result. Every AbortSignal is one. */
  readonly signal?: Cancellation | undefined;
  /** Most times facts are fetched; 16 when absent. */
  readonly rounds?: number;
  readonly trace?: boolean;
  /** What policies require of images is left to the caller, who decides policies one by one: see `settleImages`. */
  readonly unsettled?: boolean;
  /** Facts known beforehand, and where the fetched ones are added: to record or replay a decision. */
  readonly facts?: FactTable;
}

const ROUNDS = 16;

/**
 * The driver: evaluates, fetches what was missing in one batch, evaluates again. Policies of the mutate and
 * verify-images phases run in order, each on the object as the earlier ones left it; others are independent. One
 * decision a policy, in order. Rejects only for a bug; a fact that never came is an `error` result, never a pass.
 */
export async function decide(
  policies: readonly CompiledPolicy[],
  request: EvaluationRequest,
  source: FactSource,
  options: DecideOptions,
): Promise<Decision[]> {
  const { phase, signal, rounds = ROUNDS, trace = false, facts = new FactTable(source), unsettled = false } = options;
  const pass = createPass(policies, phase, unsettled);
  for (let round = 0; ; round += 1) {
    const closing = toClosing(signal, round, rounds);
    const decisions = pass(request, { facts, phase, trace, ...(closing ? { closing } : {}) });
    if (decisions) return decisions;
    const needs = facts.takeNeeds();
    const answers = await fetchUntilAborted(source, needs, signal);
    for (const [index, need] of needs.entries()) {
      facts.add(need, answers[index] ?? { ok: false, class: 'unavailable', message: 'the source gave no answer' });
    }
  }
}

/**
 * The decisions when the facts at hand are enough, without waiting for anything; `undefined` when some are missing, which
 * are then noted in `facts`. What `decide` does in its first round, and may go on from.
 */
export function decideAtOnce(
  policies: readonly CompiledPolicy[],
  request: EvaluationRequest,
  options: { readonly phase: Phase; readonly facts: FactTable; readonly trace?: boolean },
): Decision[] | undefined {
  const { phase, facts, trace = false } = options;
  return createPass(policies, phase, false)(request, { facts, phase, trace });
}

/** No answer, so that every need is closed as missing, when the signal aborts before a source that does not heed it. */
function fetchUntilAborted(
  source: FactSource,
  needs: readonly FactRequest[],
  signal: Cancellation | undefined,
): Promise<readonly Fact[]> {
  const answers = source.fetch(needs, signal);
  if (!signal) return answers;
  const late = needs.map(() => GIVEN_UP);
  if (signal.aborted) return Promise.resolve(late);
  return new Promise((resolve, reject) => {
    // A source that heeds the signal answers in a few turns, with what it knows by then; only others are not waited for.
    const giveUp = (): void => void afterTurns(TURNS).then(() => resolve(late));
    signal.addEventListener('abort', giveUp, { once: true });
    answers.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

const TURNS = 50;

async function afterTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await undefined;
}

const GIVEN_UP: Fact = { ok: false, class: 'timed-out', message: 'the answer did not come in time' };

function toClosing(signal: Cancellation | undefined, round: number, rounds: number): PolicyEvaluation['closing'] {
  if (signal?.aborted) return { message: 'a fact was not known in time', reason: 'timed-out' };
  if (round >= rounds)
    return { message: `a fact was still missing after ${rounds} rounds`, reason: 'rounds-exhausted' };
  return undefined;
}

/** `undefined` while some policy lacks facts. */
type Pass = (request: EvaluationRequest, evaluation: PolicyEvaluation) => Decision[] | undefined;

function createPass(policies: readonly CompiledPolicy[], phase: Phase, unsettled: boolean): Pass {
  return phase === 'mutate' || phase === 'verify-images'
    ? createOrderedPass(policies)
    : createIndependentPass(policies, unsettled);
}

function createIndependentPass(policies: readonly CompiledPolicy[], unsettled: boolean): Pass {
  const done: (Decision | undefined)[] = [];
  return (request, evaluation) => {
    const subject = toSubject(request, evaluation);
    const plan = evaluation.trace ? undefined : findPlan(policies, subject);
    if (plan && subject.input) plan.walk(subject.input.resource);
    let isComplete = true;
    for (let index = 0; index < policies.length; index += 1) {
      const policy = policies[index];
      if (policy === undefined) continue;
      if (done[index] !== undefined) continue;
      const decision =
        plan?.shorts[index]?.(subject) ?? evaluatePolicy(policy, subject, evaluation, plan?.passes[index]);
      done[index] = decision;
      if (decision === undefined) isComplete = false;
    }
    if (!isComplete) return undefined;
    // Complete: each policy has its decision.
    const decisions = done as Decision[];
    return !unsettled && (plan?.isVouching ?? policies.some(isVouching)) ? [...settleImages(decisions)] : decisions;
  };
}

function isVouching({ vouchesForOthers }: CompiledPolicy): boolean {
  return vouchesForOthers === true;
}

/**
 * Each policy sees the object as left by the ones before. Decisions already complete are kept, so a round resumes where
 * the last one stopped. While verifying images, the policies after a stop still note their needs (most verify other
 * images); while mutating they would ask for facts about an object that will not be.
 */
function createOrderedPass(policies: readonly CompiledPolicy[]): Pass {
  const done: Decision[] = [];
  let current: EvaluationRequest | undefined;
  return (request, evaluation) => {
    current ??= request;
    let subject = toSubject(current, evaluation);
    for (const policy of policies.slice(done.length)) {
      const decision = evaluatePolicy(policy, subject, evaluation);
      if (decision === undefined) {
        if (evaluation.phase === 'verify-images') lookAhead(policies.slice(done.length + 1), subject, evaluation);
        return undefined;
      }
      const kept = dropFailedPatches(decision);
      done.push(kept);
      if (!kept.patched) continue;
      current = withMutation(current, kept.patched);
      subject = toSubject(current, evaluation);
    }
    return done;
  };
}

function lookAhead(policies: readonly CompiledPolicy[], subject: Subject, evaluation: PolicyEvaluation): void {
  for (const policy of policies) evaluatePolicy(policy, subject, evaluation);
}

/**
 * A mutate policy that failed anywhere contributes no patch (kyverno-core §4.2). Kyverno lets the next policy start from
 * the half-patched object, whose patches then need not apply; here it starts from the object before.
 */
function dropFailedPatches(decision: Decision): Decision {
  if (decision.phase !== 'mutate') return decision;
  if (!decision.results.some(({ status }) => status === 'fail' || status === 'error')) return decision;
  const { patched: _patched, ...rest } = decision;
  return { ...rest, effects: decision.effects.filter((effect: Effect) => effect.kind !== 'patch') };
}
