import { type CompiledPolicy, type EvaluationRequest, expectAgain } from '@vouchsafe/engine';
import { verifiesImages } from '../facts/decide-for-report.ts';

export interface SplitPolicies {
  /** Decided before the answer. */
  readonly inTime: readonly CompiledPolicy[];
  /** For reports, after the answer: all of what only audits, and images in words that tell who signed. */
  readonly later: readonly CompiledPolicy[];
}

interface KnownSplit extends SplitPolicies {
  /** Those whose standing may be another for the next request, and what it was. */
  readonly varying: readonly { readonly policy: CompiledPolicy; readonly audits: boolean }[];
}

const splits = new WeakMap<readonly CompiledPolicy[], KnownSplit>();

/**
 * Which policies of a list are decided before the answer to this request and which after it. The index answers the same
 * list for requests of a shape, and few policies change their standing from one to the next: the same lists come again.
 */
export function splitByStanding(policies: readonly CompiledPolicy[], request: EvaluationRequest): SplitPolicies {
  const known = splits.get(policies);
  if (known?.varying.every(({ policy, audits }) => isAudited(policy, request) === audits)) return known;
  const audits = policies.map((policy) => isAudited(policy, request));
  // What one of these verified counts for the others, so that an answer needs all of them.
  const vouching = policies.some((policy, index) => !audits[index] && policy.vouchesForOthers === true);
  const waits = policies.map((policy, index) => audits[index] === true && !(vouching && policy.vouchesForOthers));
  const inTime = waits.includes(true) ? policies.filter((_, index) => !waits[index]) : policies;
  const later = policies.filter((policy, index) => waits[index] || verifiesImages(policy));
  const varying = policies.flatMap((policy, index) =>
    policy.standing.isConstant ? [] : [{ policy, audits: audits[index] === true }],
  );
  const split = { varying, inTime, later };
  for (const list of [inTime, later]) if (list !== policies) expectAgain(list);
  splits.set(policies, split);
  return split;
}

function isAudited(policy: CompiledPolicy, request: EvaluationRequest): boolean {
  return policy.standing(request, 'validate') === 'audit';
}
