import { Need } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { ImageReferenceSettings } from '../../kernel/image-reference.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { toJsonPointer } from '../../kernel/json-path.ts';
import { setAt } from '../../kernel/json-place.ts';
import { imageVariable } from '../../lang/variables/images.ts';
import type { Effect, ImageResult, PatchOperation, PolicyRef } from '../../model/decision.ts';
import type { ExtractedImage } from '../../model/extracted-image.ts';
import type { RuleBodyOutcome, RuleEvaluation } from '../rule-kind.ts';
import type { AttestationCheck } from './check-attestations.ts';
import { type CompiledEntry, type EntryQuestion, toAccess } from './compile-entry.ts';
import type { Annotator } from './image-annotations.ts';
import { type ImageJudgement, judgeFailure } from './image-outcome.ts';
import { judgeImage, pullSecretsOf, registryReference } from './judge-image.ts';
import { isSkipped } from './skip-image.ts';
import { excuseUnchanged } from './unchanged-images.ts';

export interface VerifyingEntry extends CompiledEntry {
  readonly checkAttestations: AttestationCheck;
}

export interface ImageRule {
  readonly entries: readonly VerifyingEntry[];
  readonly settings: ImageReferenceSettings;
  readonly policy: PolicyRef;
  readonly rule: string;
  readonly annotate: Annotator;
}

/** Outcome of one image for one entry: what to report, and the digest to pin it to. */
interface ImageOutcome {
  readonly judgement?: ImageJudgement;
  readonly digest: string;
  readonly emitWarning?: boolean;
}

/**
 * Verifies every image for every entry, pins what verified and says so in annotations (kyverno-core §3.2). Missing facts
 * of all images are noted before the first is raised, so that one fetch serves them all. An image that did not verify is
 * never pinned: Kyverno pins it to whatever its tag is now, which would lend it the look of a verified one.
 */
export function pinImages(
  images: readonly ExtractedImage[],
  evaluation: RuleEvaluation,
  rule: ImageRule,
): readonly RuleBodyOutcome[] {
  const work = new PinnedResource(evaluation.input.resource);
  const outcomes: RuleBodyOutcome[] = [];
  let need: Need | undefined;
  for (const entry of rule.entries) {
    const question = entry.question(evaluation.scope);
    if (question instanceof EvaluationError) {
      return [{ status: 'error', message: `failed to substitute variables: ${question.message}` }];
    }
    for (const image of images) {
      try {
        const judged = judgeFor(entry, question, image, evaluation, rule);
        const outcome = judged.judgement
          ? { ...judged, judgement: excuseUnchanged(judged.judgement, image, images, evaluation) }
          : judged;
        const result = work.take(image, entry, outcome);
        if (result) outcomes.push(result);
      } catch (error) {
        if (!(error instanceof Need)) throw error;
        need ??= error;
      }
    }
  }
  if (need) throw need;
  return work.finish(outcomes, rule);
}

function judgeFor(
  entry: VerifyingEntry,
  question: EntryQuestion,
  image: ExtractedImage,
  evaluation: RuleEvaluation,
  rule: ImageRule,
): ImageOutcome {
  const { input } = evaluation;
  if (!entry.verifies) {
    return entry.matches(image.reference) ? lookUpDigest(entry, question, image, evaluation, rule) : { digest: '' };
  }
  const skip: ImageJudgement = {
    status: 'skip',
    message: `skipping image reference image ${image.reference}, policy ${rule.policy.name} ruleName ${rule.rule}`,
  };
  if (!entry.matches(image.reference)) return { judgement: skip, digest: '' };
  if (isSkipped(entry, question, image, input, rule.settings)) {
    const { digest, judgement } = lookUpDigest(entry, question, image, evaluation, rule);
    return { judgement: judgement?.status === 'error' ? judgement : skip, digest, emitWarning: true };
  }
  const scope = evaluation.scope.with({ image: imageVariable(image) });
  const { settings } = rule;
  const verified = judgeImage({
    entry,
    question,
    image,
    scope,
    input,
    settings,
    checkAttestations: entry.checkAttestations,
  });
  input.trace?.({
    rule: rule.rule,
    step: 'evidence',
    outcome: verified.judgement.status === 'pass' ? 'yes' : 'no',
    detail: describeEvidence(verified.answer, verified.judgement),
    path: image.pointer,
  });
  return verified;
}

function describeEvidence(answer: ReturnType<typeof judgeImage>['answer'], { message }: ImageJudgement): string {
  const signers = (answer?.sets ?? [])
    .flatMap(({ entries }) => entries)
    .flatMap(({ path, signer }) =>
      signer ? [`${path} by ${signer.subject ?? signer.key ?? 'an unnamed signer'}`] : [],
    );
  return signers.length > 0 ? `${message}: ${signers.join(', ')}` : message;
}

/** The digest of an image that need not verify, when the entry pins digests and the image has none yet. */
function lookUpDigest(
  entry: VerifyingEntry,
  question: EntryQuestion,
  image: ExtractedImage,
  { input }: RuleEvaluation,
  { settings }: ImageRule,
): ImageOutcome {
  if (!entry.entry.mutateDigest || image.digest !== '') return { digest: '' };
  const fact = input.facts.get({
    kind: 'image-digest',
    reference: registryReference(image, settings),
    access: toAccess(question, pullSecretsOf(image, input)),
  });
  if (!fact.ok) {
    const { reason } = judgeFailure(image.reference, fact);
    const judgement: ImageJudgement = { status: 'error', message: `failed to update digest: ${fact.message}` };
    return { judgement: reason ? { ...judgement, reason } : judgement, digest: '' };
  }
  if (typeof fact.value !== 'string' || fact.value === '') {
    return {
      judgement: { status: 'error', message: 'failed to update digest: the answer names no digest' },
      digest: '',
    };
  }
  return { judgement: { status: 'pass', message: 'mutated image digest' }, digest: fact.value };
}

/** The resource as images get pinned, with what to report about them. */
class PinnedResource {
  #resource: JsonObject;
  readonly #original: JsonObject;
  readonly #digests = new Map<string, string>();
  readonly #operations: PatchOperation[] = [];
  readonly #annotated: ImageResult[] = [];

  constructor(resource: JsonObject) {
    this.#original = resource;
    this.#resource = resource;
  }

  /** Pins the image when its outcome carries a digest; the result to report, if there is one. */
  take(image: ExtractedImage, entry: VerifyingEntry, outcome: ImageOutcome): RuleBodyOutcome | undefined {
    let { judgement } = outcome;
    const { digest } = outcome;
    const place = toJsonPointer(image.segments);
    const pinned = this.#digests.get(place);
    if (digest !== '' && pinned !== undefined && pinned !== digest) {
      const message = `failed to verify image ${image.reference}: its tag moved from ${pinned} to ${digest} while it was verified`;
      judgement = { status: 'error', message, reason: 'tag-moved' };
    } else if (digest !== '' && image.digest === '' && entry.entry.mutateDigest && pinned === undefined) {
      this.#pin(image, place, digest);
    }
    if (!judgement) return undefined;
    const result = this.#toResult(image, place, judgement, digest);
    if (entry.verifies) this.#annotated.push(result);
    return {
      status: judgement.status,
      message: judgement.message,
      images: [result],
      ...(judgement.reason ? { reason: judgement.reason } : {}),
      ...(outcome.emitWarning ? { emitWarning: true } : {}),
    };
  }

  #pin(image: ExtractedImage, place: string, digest: string): void {
    const value = `${image.referenceWithTag}@${digest}`;
    this.#digests.set(place, digest);
    this.#operations.push({ op: 'replace', path: place, value });
    this.#resource = setAt(this.#resource, image.segments, value);
  }

  #toResult(image: ExtractedImage, place: string, { status }: ImageJudgement, digest: string): ImageResult {
    const pinned = this.#digests.get(place);
    const known = image.digest || digest || pinned;
    return {
      image: pinned === undefined ? image.reference : `${repositoryOf(image)}@${pinned}`,
      status: status === 'pass' || status === 'skip' ? status : 'fail',
      ...(known ? { digest: known } : {}),
      pointer: place,
    };
  }

  /** The outcomes, the first of which carries the patch, the annotations and the pinned resource. */
  finish(outcomes: readonly RuleBodyOutcome[], { annotate: toAnnotateEffect }: ImageRule): readonly RuleBodyOutcome[] {
    const [first, ...others] = outcomes;
    if (!first) return outcomes;
    const annotate = toAnnotateEffect(this.#annotated);
    const effects: Effect[] = annotate ? [annotate] : [];
    if (this.#operations.length > 0) effects.push({ kind: 'patch', operations: this.#operations });
    const changed = this.#resource === this.#original ? {} : { resource: this.#resource };
    return [{ ...first, effects, ...changed }, ...others];
  }
}

function repositoryOf({ registry, path }: ExtractedImage): string {
  return registry === '' ? path : `${registry}/${path}`;
}
