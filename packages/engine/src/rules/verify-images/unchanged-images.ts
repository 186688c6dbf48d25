import { readAt } from '../../kernel/json-place.ts';
import type { ExtractedImage } from '../../model/extracted-image.ts';
import type { RuleEvaluation } from '../rule-kind.ts';
import type { ImageJudgement } from './image-outcome.ts';

/** What may be otherwise in a moment: the registry or Sigstore was away, or too slow. */
const IN_DOUBT: ReadonlySet<string | undefined> = new Set(['registry-unreachable', 'timed-out']);

/**
 * The judgement, or a skip in its place when it is in doubt and the request is an UPDATE that changes none of the images
 * the rule is about: nothing new would run, and a registry that is away must not keep anyone from labelling or scaling
 * what runs. The rule must have been about the object before as well, so that nothing comes in under a label that
 * exempts it. A definite failure stays one; so does every doubt on CREATE.
 */
export function excuseUnchanged(
  judgement: ImageJudgement,
  image: ExtractedImage,
  images: readonly ExtractedImage[],
  evaluation: RuleEvaluation,
): ImageJudgement {
  if (judgement.status !== 'error' || !IN_DOUBT.has(judgement.reason)) return judgement;
  const { request } = evaluation.input;
  if (request.operation !== 'UPDATE' || request.subresource !== '') return judgement;
  if (!images.every((one) => isUnchanged(one, evaluation)) || !evaluation.matchesOldObject?.()) return judgement;
  const message = `image ${image.reference} was not verified again, as this update changes no image: ${judgement.message}`;
  return { ...judgement, status: 'skip', message };
}

function isUnchanged({ segments }: ExtractedImage, { input }: RuleEvaluation): boolean {
  const before = readAt(input.request.oldResource, segments);
  return typeof before === 'string' && before === readAt(input.resource, segments);
}
