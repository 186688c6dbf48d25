import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { imagesOf } from '../../lang/variables/images.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { ExtractedImage, ImageExtraction } from '../../model/extracted-image.ts';
import type { CompiledEntry } from './compile-entry.ts';

export type MatchingImages = readonly ExtractedImage[] | EvaluationError;

/** The images of what is judged that some entry of the rule is about, each once. */
export function matchingImages(
  input: RuleInput,
  entries: readonly CompiledEntry[],
  extraction: ImageExtraction,
): MatchingImages {
  const extracted = imagesOf(input, extraction);
  if (extracted instanceof EvaluationError) return extracted;
  const images: ExtractedImage[] = [];
  for (const group of extracted.values()) {
    for (const image of group.values()) {
      if (entries.some((entry) => entry.matches(image.reference))) images.push(image);
    }
  }
  return images;
}
