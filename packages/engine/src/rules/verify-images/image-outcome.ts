import type { FactFailure, FactFailureClass } from '../../facts/fact.ts';
import type { AttestorSetOutcome, ImageVerification } from '../../facts/image-verification.ts';
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

export function isSatisfied({ verifiedCount, requiredCount }: AttestorSetOutcome): boolean {
  return requiredCount > 0 && verifiedCount >= requiredCount;
}

/**
 * Why the answer is not one to this question, `undefined` when it is: another digest than the one asked about, or fewer
 * parts than asked for. A source that answers so is broken, and a broken source vouches for nothing.
 */
export function answerFlaw(
  answer: ImageVerification,
  asked: { readonly digest: string; readonly sets: number; readonly attestations: number },
): string | undefined {
  if (!/^[a-z0-9]+:[0-9a-f]{32,}$/.test(answer.digest)) return 'the answer names no digest';
  if (asked.digest !== '' && answer.digest !== asked.digest)
    return `the answer is about another digest, ${answer.digest}`;
  if (answer.sets.length !== asked.sets) return 'the answer does not cover all attestors';
  if (answer.attestations.length !== asked.attestations) return 'the answer does not cover all attestations';
  return undefined;
}
