import type {
  AttestorSet,
  FactFailure,
  ImageVerification,
  ImageVerificationRequest,
  ImageVerificationType,
  RegistryAccess,
} from '@vouchsafe/engine/facts';
import { parseImageName } from '../names/image-name.ts';
import { locateEvidence } from '../names/signature-location.ts';
import { defaultLimits } from '../registry/limits.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { EvidenceClaims } from '../verifiers/evidence-claims.ts';
import { verifiers } from '../verifiers/index.ts';
import type { EvidencePart } from '../verifiers/verifier.ts';
import { createImageSource, type ImageSourceOptions } from './image-source.ts';
import { openRegistry } from './open-registry.ts';

export interface VerifyImageOptions extends Omit<ImageSourceOptions, 'cache'> {
  /** `Cosign` when absent. */
  readonly type?: ImageVerificationType;
  readonly attestations?: ImageVerificationRequest['attestations'];
  readonly annotations?: Readonly<Record<string, string>>;
  /** Repository that holds the signatures, when not the image's own. */
  readonly repository?: string;
  readonly cosignOCI11?: boolean;
  readonly access?: RegistryAccess;
  /** Also list all evidence there is, in every format. */
  readonly withEvidence?: boolean;
  readonly signal?: AbortSignal;
}

/** One piece of evidence in one format; what it says of itself is not verified. */
export interface ListedEvidence extends EvidenceClaims {
  readonly format: ImageVerificationType;
  readonly part: EvidencePart;
}

export type VerifyImageResult =
  | {
      readonly ok: true;
      readonly verification: ImageVerification;
      readonly evidence: readonly ListedEvidence[];
      /** Formats that could not be listed, and why. */
      readonly unlisted: readonly string[];
    }
  | (FactFailure & { readonly evidence: readonly ListedEvidence[]; readonly unlisted: readonly string[] });

const openAccess: RegistryAccess = { allowInsecure: false, providers: [], secrets: [] };

/** Verifies one image and, on request, lists what evidence there is about it. Never rejects; nothing is cached. */
export async function verifyImage(
  reference: string,
  attestors: readonly AttestorSet[],
  options: VerifyImageOptions,
): Promise<VerifyImageResult> {
  const { type = 'Cosign', attestations = [], annotations = {}, repository, access = openAccess } = options;
  const { cosignOCI11 = false, signal } = options;
  const source = createImageSource({ ...options, cache: { maxSize: 0, ttlMs: 0 } });
  const request: ImageVerificationRequest = {
    kind: 'image-verification',
    reference,
    type,
    attestors,
    attestations,
    annotations,
    cosignOCI11,
    useCache: false,
    access,
    ...(repository === undefined ? {} : { repository }),
  };
  try {
    const [fact] = await source.fetch([request], signal);
    const listing =
      options.withEvidence === true ? await listEvidence(reference, options, access) : { evidence: [], unlisted: [] };
    if (fact === undefined)
      return { ok: false, class: 'unavailable', message: 'the source gave no answer', ...listing };
    if (!fact.ok) return { ...fact, ...listing };
    // The source promises this shape for verification requests.
    return { ok: true, verification: fact.value as unknown as ImageVerification, ...listing };
  } finally {
    await source.close();
  }
}

async function listEvidence(reference: string, options: VerifyImageOptions, access: RegistryAccess) {
  const limits = { ...defaultLimits, ...options.limits };
  const { cosignOCI11 = false } = options;
  const client = openRegistry(options);
  const evidence: ListedEvidence[] = [];
  const unlisted: string[] = [];
  const signal = AbortSignal.timeout(limits.totalMs);
  try {
    const parsed = parseImageName(reference);
    if (!parsed.ok) return { evidence, unlisted: [parsed.message] };
    const { name } = parsed;
    const location = locateEvidence(name, options.repository);
    if (typeof location === 'string') return { evidence, unlisted: [location] };
    const digest = name.digest ?? (await client.open(name, access).resolve(name.tag ?? 'latest', signal));
    const reader = client.open(location, access);
    for (const verifier of verifiers) {
      for (const part of ['signatures', 'attestations'] as const) {
        const question = { digest, reader, part, withReferrers: cosignOCI11, limits, signal };
        const set = await verifier.collect(question).catch((error: unknown) => noteFailure(error, unlisted));
        for (const claims of set?.list() ?? []) evidence.push({ format: verifier.type, part, ...claims });
      }
    }
  } catch (error) {
    noteFailure(error, unlisted);
  } finally {
    await client.close();
  }
  // Bundles show up in both parts; a statement is listed once.
  const isFirst = (one: ListedEvidence, index: number) =>
    evidence.findIndex((other) => other.evidence === one.evidence && other.format === one.format) === index;
  return { evidence: evidence.filter(isFirst), unlisted: [...new Set(unlisted)] };
}

function noteFailure(error: unknown, unlisted: string[]): undefined {
  if (!(error instanceof RegistryFailure)) throw error;
  unlisted.push(error.message);
}
