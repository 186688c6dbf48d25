import type { AttestorSetOutcome, ImageVerification } from './image-verification.ts';

/** Enough entries of the set hold. */
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
