import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { ExtractedImage, ImageExtraction } from '../../lang/variables/images.ts';
import { extractImages } from '../../lang/variables/images.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { CompiledEntry } from './compile-entry.ts';

export type MatchingImages = readonly ExtractedImage[] | EvaluationError;

/**
 * The images of the resource that some entry of the rule is about, each once. Resources are extracted once an
 * evaluation: asking again for the same object is free.
 */
export function compileMatchingImages(
  entries: readonly CompiledEntry[],
  extraction: ImageExtraction,
): (input: RuleInput) => MatchingImages {
  const known = new WeakMap<JsonObject, MatchingImages>();
  return ({ resource, request }) => {
    const before = known.get(resource);
    if (before) return before;
    const found = findImages(resource, request.kind.kind, entries, extraction);
    known.set(resource, found);
    return found;
  };
}

function findImages(
  resource: JsonObject,
  kind: string,
  entries: readonly CompiledEntry[],
  extraction: ImageExtraction,
): MatchingImages {
  const extracted = extractImages(resource, kind, extraction);
  if (extracted instanceof EvaluationError) return extracted;
  const images: ExtractedImage[] = [];
  for (const group of extracted.values()) {
    for (const image of group.values()) {
      if (entries.some((entry) => entry.matches(image.reference))) images.push(image);
    }
  }
  return images;
}
