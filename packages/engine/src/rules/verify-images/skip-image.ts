import type { ImageReferenceSettings } from '../../kernel/image-reference.ts';
import { readAt } from '../../kernel/json-place.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { ExtractedImage } from '../../model/extracted-image.ts';
import { type CompiledEntry, type EntryQuestion, toAccess } from './compile-entry.ts';
import { pullSecretsOf } from './judge-image.ts';

/**
 * Whether `skipImageReferences` exempts the image. A pattern on a tag also exempts the image once it is pinned
 * (`repo:tag@digest`), though its reference then names the digest: if the object had that very image before, or if the
 * tag stands for that digest now. Writing an exempted tag before another digest exempts nothing. May throw `Need`.
 */
export function isSkipped(
  entry: CompiledEntry,
  question: EntryQuestion,
  image: ExtractedImage,
  input: RuleInput,
  settings: ImageReferenceSettings,
): boolean {
  if (entry.skips(image.reference)) return true;
  if (image.digest === '' || image.tag === '' || !entry.skips(image.referenceWithTag)) return false;
  if (isUnchanged(image, input)) return true;
  const registry = image.registry === '' ? `${settings.defaultRegistry}/` : '';
  const fact = input.facts.get({
    kind: 'image-digest',
    reference: `${registry}${image.referenceWithTag}`,
    access: toAccess(question, pullSecretsOf(image, input)),
  });
  return fact.ok && fact.value === image.digest;
}

function isUnchanged({ segments }: ExtractedImage, { request, resource }: RuleInput): boolean {
  const before = readAt(request.oldResource, segments);
  return typeof before === 'string' && request.resource !== undefined && before === readAt(resource, segments);
}
