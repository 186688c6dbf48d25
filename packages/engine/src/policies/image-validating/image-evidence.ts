import { CelError } from '@vouchsafe/cel';
import type { ImageVerificationType } from '../../facts/attestor.ts';
import type { FactFailure } from '../../facts/fact.ts';
import type { ImageVerificationRequest, RegistryAccess } from '../../facts/fact-request.ts';
import { answerFlaw, isSatisfied } from '../../facts/image-answer.ts';
import type { EvidenceReason, ImageVerification } from '../../facts/image-verification.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { type ImageReferenceSettings, parseImageReference } from '../../kernel/image-reference.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Attestation } from './attestations.ts';
import type { EvaluatedAttestor } from './attestor-value.ts';
import type { OnwardFacts } from './onward-facts.ts';
import { reasonOfFailure } from './unchanged-images.ts';

/** What one attestor vouches for. */
export interface Vouched {
  readonly verified: boolean;
  /** Verified statements of the attestation that was asked for, the newest last. */
  readonly statements: readonly JsonObject[];
  /** When the last of them was signed, where that is known. Milliseconds. */
  readonly newestAt?: number;
  /** Why not, when not verified. */
  readonly reason?: EvidenceReason;
  readonly message?: string;
}

export interface EvidenceQuestions {
  readonly facts: OnwardFacts;
  readonly access: RegistryAccess;
  readonly settings: ImageReferenceSettings;
}

/** A guess in place of what is not known yet: see `OnwardFacts`. */
const GUESSED: Vouched = { verified: true, statements: [] };
const FLAWED = 'an answer that is none';

/**
 * Asks the facts about images, each by one digest: a tag is resolved once, and everything else is about that digest, whatever
 * the tag names a moment later.
 */
export class ImageEvidence {
  readonly #questions: EvidenceQuestions;
  readonly #digests = new Map<string, string | CelError>();
  readonly #failures = new Map<string, EvidenceReason | undefined>();

  constructor(questions: EvidenceQuestions) {
    this.#questions = questions;
  }

  /** The digest of an image as written; `undefined` while it is not known. An error of the registry is one of the policy. */
  digestOf(image: string): string | CelError | undefined {
    const known = this.#digests.get(image);
    if (known !== undefined) return known;
    const digest = this.#askDigest(image);
    if (digest !== undefined) this.#digests.set(image, digest);
    return digest;
  }

  /** What kept the image from being known, when something did. */
  failureOf(image: string): EvidenceReason | undefined {
    return this.#failures.get(image);
  }

  #failed(image: string, failure: FactFailure): CelError {
    this.#failures.set(image, reasonOfFailure(failure.class));
    return notFetched(failure.message);
  }

  /** Holds the image to the digest that its data is of; the error when it was another before. */
  noteDigest(image: string, digest: string): CelError | undefined {
    const known = this.#digests.get(image);
    if (known === undefined) this.#digests.set(image, digest);
    else if (known !== digest) return notFetched(`the tag of ${image} moved while it was looked at`);
    return undefined;
  }

  #askDigest(image: string): string | CelError | undefined {
    const parsed = this.#parse(image);
    if (parsed instanceof EvaluationError) return notFetched(parsed.message);
    if (parsed.digest !== '') return parsed.digest;
    const { facts, access } = this.#questions;
    const fact = facts.find({ kind: 'image-digest', reference: parsed.reference, access });
    if (fact === undefined) return undefined;
    if (!fact.ok) return this.#failed(image, fact);
    return isDigest(fact.value) ? fact.value : notFetched(`${FLAWED}: it names no digest`);
  }

  #parse(image: string) {
    const { defaultRegistry } = this.#questions.settings;
    return parseImageReference(image, { defaultRegistry, enableDefaultRegistryMutation: true });
  }

  /**
   * Whether the attestor signed the image, or an attestation of it. In every format it accepts, and one that holds suffices;
   * a registry that kept one format from being known matters when no other holds.
   */
  vouch(image: string, attestor: EvaluatedAttestor, attestation?: Attestation): Vouched | CelError {
    const digest = this.digestOf(image);
    if (digest instanceof CelError) return digest;
    const parsed = this.#parse(image);
    if (digest === undefined || parsed instanceof EvaluationError) return GUESSED;
    const repository = `${parsed.registry}/${parsed.path}`;
    const answers = attestor.types.map((type) =>
      this.#ask(toRequest(type, `${repository}@${digest}`, attestor, this.#questions.access, attestation), digest),
    );
    const hidden = attestation && answers.find(mayHideNewer);
    const settled = hidden ?? settle(answers);
    return isFailure(settled) ? this.#failed(image, settled) : settled;
  }

  #ask(request: ImageVerificationRequest, digest: string): Vouched | FactFailure | CelError | undefined {
    const fact = this.#questions.facts.findImageVerification(request);
    if (fact === undefined || !fact.ok) return fact;
    const answer = fact.value;
    const asked = { digest, sets: request.attestors.length, attestations: request.attestations.length };
    const flaw = answerFlaw(answer, asked);
    return flaw === undefined ? judge(answer) : notFetched(flaw);
  }
}

function toRequest(
  type: ImageVerificationType,
  reference: string,
  { attestor, secrets }: EvaluatedAttestor,
  access: RegistryAccess,
  attestation: Attestation | undefined,
): ImageVerificationRequest {
  const sets = [{ entries: [attestor] }];
  return {
    kind: 'image-verification',
    reference,
    type,
    attestors: attestation ? [] : sets,
    attestations: attestation ? [{ type: attestation.type, name: attestation.name, attestors: sets }] : [],
    annotations: {},
    cosignOCI11: false,
    useCache: true,
    access: secrets.length === 0 ? access : { ...access, secrets: [...access.secrets, ...secrets] },
  };
}

function judge({ sets, attestations, verified }: ImageVerification): Vouched {
  const all = [...sets, ...attestations.flatMap((attestation) => attestation.sets)];
  const statements = attestations.flatMap((attestation) => attestation.statements);
  const holds = verified && all.length > 0 && all.every(isSatisfied) && (sets.length > 0 || statements.length > 0);
  const newestAt = attestations[0]?.newestAt;
  if (holds) return { verified: true, statements, ...(newestAt === undefined ? {} : { newestAt }) };
  const failure = all.flatMap(({ entries }) => entries).flatMap(({ failures }) => failures)[0];
  return {
    verified: false,
    statements: [],
    ...(failure ? { reason: failure.reason, message: failure.message } : {}),
  };
}

/** One format that holds suffices; what is not known yet is guessed; then a failure counts before a refusal. */
function settle(answers: readonly (Vouched | FactFailure | CelError | undefined)[]): Vouched | FactFailure | CelError {
  const judged = answers.filter((answer): answer is Vouched => answer !== undefined && isVouched(answer));
  const holding = newestOf(judged.filter(({ verified }) => verified));
  if (holding) return holding;
  if (answers.includes(undefined)) return GUESSED;
  for (const answer of answers) {
    if (answer && !isVouched(answer)) return answer;
  }
  const refusal = judged.find(({ reason }) => reason !== 'unsigned' && reason !== 'other-format');
  return refusal ?? mostTelling(judged) ?? { verified: false, statements: [] };
}

/** Where there is no evidence, the longer message tells what there is instead. */
function mostTelling(judged: readonly Vouched[]): Vouched | undefined {
  const lengthOf = ({ message = '' }: Vouched) => message.length;
  const unsigned = judged.filter(({ reason }) => reason === 'unsigned');
  return (unsigned.length > 0 ? unsigned : judged).toSorted((left, right) => lengthOf(right) - lengthOf(left))[0];
}

/**
 * A format that could not be looked at may hold a newer attestation than the others: whoever fills it with thousands of
 * referrers must not get an old one believed. A registry that denies the look does so whatever is there.
 */
function mayHideNewer(answer: Vouched | FactFailure | CelError | undefined): answer is FactFailure {
  return answer !== undefined && isFailure(answer) && answer.class !== 'denied' && answer.class !== 'not-found';
}

/** Of what several formats hold the newest: an old attestation in one does not stand in for a newer one in another. */
function newestOf(holding: readonly Vouched[]): Vouched | undefined {
  let found: Vouched | undefined;
  for (const one of holding) if (found === undefined || isNewer(one, found)) found = one;
  return found;
}

/** Whether the newest statement of one is known to be newer than that of the other. */
export function isNewer(one: Pick<Vouched, 'newestAt'>, other: Pick<Vouched, 'newestAt'>): boolean {
  return (one.newestAt ?? 0) > (other.newestAt ?? 0);
}

function isFailure(answer: Vouched | FactFailure | CelError): answer is FactFailure {
  return 'class' in answer;
}

function isVouched(answer: Vouched | FactFailure | CelError): answer is Vouched {
  return 'verified' in answer;
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9]+:[0-9a-f]{32,}$/.test(value);
}

function notFetched(message: string): CelError {
  return new CelError(`failed to get imagedata: ${message}`);
}
