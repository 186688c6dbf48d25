import type {
  AttestorSet,
  FactFailure,
  ImageVerification,
  ImageVerificationRequest,
  ImageVerificationType,
  RegistryAccess,
} from '@vouchsafe/engine/facts';
import { askVerification } from './ask-verification.ts';
import { createImageSource, type ImageSourceOptions } from './image-source.ts';
import { type ListedEvidence, listEvidence } from './list-evidence.ts';

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
    const fact = await askVerification(source, request, signal);
    const listing =
      options.withEvidence === true ? await listEvidence(reference, options) : { evidence: [], unlisted: [] };
    const { evidence, unlisted } = listing;
    const found = { evidence, unlisted };
    if (!fact.ok) return { ...fact, ...found };
    return { ok: true, verification: fact.value, ...found };
  } finally {
    await source.close();
  }
}
