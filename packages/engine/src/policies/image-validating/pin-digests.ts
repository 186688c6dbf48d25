import { CelError, type CelHost } from '@vouchsafe/cel';
import type { Fact, FactFailure } from '../../facts/fact.ts';
import { Need, orNeed } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { toJsonPointer } from '../../kernel/json-path.ts';
import { readAt, setAt } from '../../kernel/json-place.ts';
import { imagesOf } from '../../lang/variables/images.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { PatchOperation } from '../../model/decision.ts';
import type { ExtractedImage } from '../../model/extracted-image.ts';
import type { ImageValidatingParts } from './compile-parts.ts';
import { withPullSecrets } from './pod-spec.ts';
import { isDoubt, reasonOfFailure } from './unchanged-images.ts';

/** What pinning came to: a patch for every image that could be pinned, and what was wrong with the others. */
export interface PinnedImages {
  readonly resource: JsonObject;
  readonly operations: readonly PatchOperation[];
  readonly problems: readonly string[];
}

/**
 * Replaces selected images that name a tag alone by `image@digest` (`mutateDigest`). Nothing is verified here: what is pinned
 * is judged when the object is validated. Throws `Need` after noting what all images need.
 */
export function pinDigests(
  parts: ImageValidatingParts,
  input: RuleInput,
  tools: { readonly host: EngineHost; readonly celHost: CelHost },
): PinnedImages {
  const { selects, settings } = parts;
  const access = withPullSecrets(parts.access, input);
  const pinned: Pinning = { resource: input.resource, operations: [], problems: [] };
  const found = imagesOf(input, { host: tools.host, settings });
  if (found instanceof EvaluationError) return { ...pinned, problems: [found.message] };
  let need: Need | undefined;
  for (const image of [...found.values()].flatMap((group) => [...group.values()])) {
    const selected = isSelected(image, input, (written) => selects(written, tools.celHost));
    if (selected instanceof CelError) pinned.problems.push(selected.message);
    if (selected !== true) continue;
    const reference = `${image.registry || settings.defaultRegistry}/${image.path}:${image.tag}`;
    const fact = orNeed(() => input.facts.get({ kind: 'image-digest', reference, access }));
    if (fact instanceof Need) need ??= fact;
    else if (fact.ok || !isLeftAlone(fact, image, input)) pin(pinned, image, fact);
  }
  if (need) throw need;
  return pinned;
}

interface Pinning {
  resource: JsonObject;
  readonly operations: PatchOperation[];
  readonly problems: string[];
}

function isSelected(
  image: ExtractedImage,
  { resource }: RuleInput,
  selects: (written: string) => boolean | CelError,
): boolean | CelError {
  const written = readAt(resource, image.segments);
  return image.digest === '' && typeof written === 'string' && selects(written);
}

/** A registry that is away keeps nobody from updating what runs already: an image that stays as it was stays unpinned. */
function isLeftAlone(failure: FactFailure, { segments }: ExtractedImage, { request, resource }: RuleInput): boolean {
  if (request.operation !== 'UPDATE' || !isDoubt(reasonOfFailure(failure.class))) return false;
  const before = readAt(request.oldResource, segments);
  return before !== undefined && before === readAt(resource, segments);
}

function pin(pinned: Pinning, image: ExtractedImage, fact: Fact): void {
  const problem = problemOf(fact);
  if (problem !== undefined) {
    pinned.problems.push(`failed to resolve digest for image ${image.referenceWithTag}: ${problem}`);
    return;
  }
  const value = `${image.referenceWithTag}@${fact.ok ? String(fact.value) : ''}`;
  pinned.operations.push({ op: 'replace', path: toJsonPointer(image.segments), value });
  pinned.resource = setAt(pinned.resource, image.segments, value);
}

function problemOf(fact: Fact): string | undefined {
  if (!fact.ok) return fact.message;
  const isDigest = typeof fact.value === 'string' && /^[a-z0-9]+:[0-9a-f]{32,}$/.test(fact.value);
  return isDigest ? undefined : 'the answer names no digest';
}
