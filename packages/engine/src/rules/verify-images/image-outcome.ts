import type { FactFailure, FactFailureClass } from '../../facts/fact.ts';
import { isSatisfied } from '../../facts/image-answer.ts';
import type { AttestorSetOutcome } from '../../facts/image-verification.ts';
import type { RuleStatus } from '../../model/decision.ts';

/** What is known about one image after its fact was judged. */
export interface ImageJudgement {
  readonly status: RuleStatus;
  readonly message: string;
  /** Machine-readable cause of a failure: an `EvidenceReason` or the class of a failed fact. */
  readonly reason?: string;
}

/**
 * A failed fact. What the registry says for certain (no such image, access denied) is a `fail`; what may be otherwise in
 * a moment is an `error`, which blocks under failurePolicy Fail (kyverno-core §3.2). Neither is ever a pass.
 */
export function judgeFailure(image: string, failure: FactFailure): ImageJudgement {
  const { status, reason } = FAILURES[failure.class];
  return { status, message: `failed to verify image ${image}: ${failure.message} (${reason})`, reason };
}

const FAILURES = {
  'not-found': { status: 'fail', reason: 'not-found' },
  denied: { status: 'fail', reason: 'registry-denied' },
  permanent: { status: 'fail', reason: 'permanent' },
  'timed-out': { status: 'error', reason: 'timed-out' },
  transient: { status: 'error', reason: 'registry-unreachable' },
  unavailable: { status: 'error', reason: 'unavailable' },
} as const satisfies Readonly<Record<FactFailureClass, { readonly status: RuleStatus; readonly reason: string }>>;

/**
 * The attestor sets of an image: all must hold. `undefined` when they do; otherwise Kyverno's message, with the path of
 * every entry that did not (`.attestors[0].entries[0].keyless: <why>`), joined with `; `.
 */
export function judgeSets(image: string, sets: readonly AttestorSetOutcome[]): ImageJudgement | undefined {
  for (const set of sets) {
    if (isSatisfied(set)) continue;
    const failing = set.entries.filter(({ verified }) => !verified);
    const reason = failing.flatMap(({ failures }) => failures)[0]?.reason;
    return {
      status: 'fail',
      message: `failed to verify image ${image}: ${describeEntries(set) || 'no attestor was satisfied'}`,
      ...(reason ? { reason } : {}),
    };
  }
  return undefined;
}

/** `path: why; path: why` of the entries that did not hold. */
export function describeEntries(set: AttestorSetOutcome): string {
  return set.entries
    .filter(({ verified }) => !verified)
    .map(
      ({ path, failures }) =>
        `${path}: ${failures.map(({ message, reason }) => `${message} (${reason})`).join('; ') || 'no matching signatures'}`,
    )
    .join('; ');
}
