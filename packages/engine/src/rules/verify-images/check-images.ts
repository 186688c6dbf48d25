import { Need } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { imageVariable } from '../../lang/variables/images.ts';
import type { ExtractedImage } from '../../model/extracted-image.ts';
import type { RuleBodyOutcome, RuleEvaluation } from '../rule-kind.ts';
import { judgeImage } from './judge-image.ts';
import type { ImageRule, VerifyingEntry } from './pin-images.ts';
import { isSkipped } from './skip-image.ts';
import { excuseUnchanged } from './unchanged-images.ts';

/**
 * The checks of the validate phase (kyverno-core §3.2): a digest where `verifyDigest` asks for one, a verified image
 * where `required` does. Kyverno believes the annotation its other webhook wrote; here the facts are asked again, and
 * know the answer by now, so that nobody gets an image past by writing the annotation.
 */
export function checkImages(
  images: readonly ExtractedImage[],
  evaluation: RuleEvaluation,
  rule: ImageRule,
): RuleBodyOutcome {
  const passed: string[] = [];
  const skipped: string[] = [];
  let failure: RuleBodyOutcome | undefined;
  let excused: RuleBodyOutcome | undefined;
  let need: Need | undefined;
  for (const entry of rule.entries) {
    for (const image of images.filter(({ reference }) => entry.matches(reference))) {
      try {
        const outcome = checkImage(entry, image, images, evaluation, rule);
        if (outcome === 'skip') skipped.push(image.reference);
        else if (outcome === 'pass') passed.push(image.reference);
        else if (outcome?.status === 'skip') excused ??= outcome;
        else if (outcome) failure ??= outcome;
      } catch (error) {
        if (!(error instanceof Need)) throw error;
        need ??= error;
      }
    }
  }
  if (failure?.status === 'fail') return failure;
  if (need) throw need;
  return failure ?? excused ?? summary(passed, skipped);
}

function summary(passed: readonly string[], skipped: readonly string[]): RuleBodyOutcome {
  if (passed.length === 0 && skipped.length > 0) {
    return { status: 'skip', message: ['image skipped, skipped images:', ...skipped].join(' ') };
  }
  if (skipped.length > 0) return { status: 'pass', message: ['image verified, skipped images:', ...skipped].join(' ') };
  return VERIFIED;
}

/** The same each time, so that the result is. */
const VERIFIED: RuleBodyOutcome = Object.freeze({ status: 'pass', message: 'image verified' });

/** `undefined`: nothing is asked of the image. */
function checkImage(
  entry: VerifyingEntry,
  image: ExtractedImage,
  images: readonly ExtractedImage[],
  evaluation: RuleEvaluation,
  { settings }: ImageRule,
): RuleBodyOutcome | 'pass' | 'skip' | undefined {
  const { verifyDigest, required } = entry.entry;
  if (verifyDigest && image.digest === '') {
    return { status: 'fail', message: `missing digest for ${image.reference}`, reason: 'missing-digest' };
  }
  if (!required) return undefined;
  if (!entry.verifies) return { status: 'fail', message: `unverified image ${image.reference}`, reason: 'unverified' };
  const question = entry.question(evaluation.scope);
  if (question instanceof EvaluationError) {
    return { status: 'error', message: `failed to substitute variables: ${question.message}` };
  }
  const { input } = evaluation;
  if (isSkipped(entry, question, image, input, settings)) return 'skip';
  const scope = evaluation.scope.with({ image: imageVariable(image) });
  const verified = judgeImage({
    entry,
    question,
    image,
    scope,
    input,
    settings,
    checkAttestations: entry.checkAttestations,
  });
  const judgement = excuseUnchanged(verified.judgement, image, images, evaluation);
  if (judgement.status === 'pass') return 'pass';
  const reason = judgement.reason ? { reason: judgement.reason } : {};
  if (judgement.status !== 'fail') return { status: judgement.status, message: judgement.message, ...reason };
  return { status: 'fail', message: `unverified image ${image.reference}`, ...reason };
}
