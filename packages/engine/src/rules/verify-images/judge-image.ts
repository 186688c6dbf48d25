import { answerFlaw } from '../../facts/image-answer.ts';
import type { ImageVerification } from '../../facts/image-verification.ts';
import { namedSecrets } from '../../facts/named-secrets.ts';
import type { ImageReferenceSettings } from '../../kernel/image-reference.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { ExtractedImage } from '../../model/extracted-image.ts';
import type { AttestationCheck } from './check-attestations.ts';
import { type CompiledEntry, type EntryQuestion, toFactRequest } from './compile-entry.ts';
import { type ImageJudgement, judgeFailure, judgeSets } from './image-outcome.ts';

/** A judgement, with the digest that was verified when it is a pass. */
export interface VerifiedImage {
  readonly judgement: ImageJudgement;
  readonly digest: string;
  readonly answer?: ImageVerification;
}

export interface ImageQuestion {
  readonly entry: CompiledEntry;
  readonly question: EntryQuestion;
  readonly image: ExtractedImage;
  readonly scope: Scope;
  readonly input: RuleInput;
  readonly settings: ImageReferenceSettings;
  readonly checkAttestations: AttestationCheck;
}

/**
 * Asks the facts about one image and judges the answer: attestor sets, then attestations and their conditions
 * (kyverno-core §3.2). A pass needs every part of the question to be answered with yes; anything else is none.
 */
export function judgeImage(asked: ImageQuestion): VerifiedImage {
  const { entry, question, image, scope, input, settings } = asked;
  const name = image.reference;
  const untyped = entry.entry.attestations.findIndex(({ type }) => type === '');
  if (untyped >= 0) return refuse({ status: 'fail', message: `.attestations[${untyped}]: missing type` });
  const pullSecrets = pullSecretsOf(image, input);
  const request = toFactRequest(entry, question, registryReference(image, settings), pullSecrets);
  const fact = input.facts.imageVerification(request);
  if (!fact.ok) return refuse(judgeFailure(name, fact));
  const answer = fact.value;
  const flaw = answerFlaw(answer, {
    digest: image.digest,
    sets: question.attestors.length,
    attestations: question.attestations.length,
  });
  if (flaw)
    return refuse(
      { status: 'error', message: `failed to verify image ${name}: ${flaw}`, reason: 'invalid-answer' },
      answer,
    );
  const unsigned = judgeSets(name, answer.sets);
  if (unsigned) return refuse(unsigned, answer);
  const unattested = asked.checkAttestations(image, answer, scope);
  if (unattested.status !== 'pass') return refuse(unattested, answer);
  if (!answer.verified) {
    return refuse(
      { status: 'fail', message: `failed to verify image ${name}: not verified`, reason: 'invalid-answer' },
      answer,
    );
  }
  return { judgement: withCacheMessage(unattested, answer), digest: answer.digest, answer };
}

function refuse(judgement: ImageJudgement, answer?: ImageVerification): VerifiedImage {
  return { judgement, digest: '', ...(answer ? { answer } : {}) };
}

function withCacheMessage(judgement: ImageJudgement, answer: ImageVerification): ImageJudgement {
  return answer.fromCache ? { ...judgement, message: 'verified from cache' } : judgement;
}

/** `namespace/name` of the pull secrets found on the way to the image. */
export function pullSecretsOf(image: ExtractedImage, input: RuleInput): readonly string[] {
  return namedSecrets(image.pullSecrets, input.request.namespace);
}

/** The reference to ask with: complete, also when the default registry is not written into resources. */
export function registryReference(image: ExtractedImage, settings: ImageReferenceSettings): string {
  return image.registry === '' ? `${settings.defaultRegistry}/${image.reference}` : image.reference;
}
