import type { Attestor, EvidenceFailure, ImageVerificationType, RegistryAccess } from '@vouchsafe/engine/facts';
import { parseImageName } from '../names/image-name.ts';
import { type EvidenceLocation, evidenceTag, locateEvidence } from '../names/signature-location.ts';
import { defaultLimits } from '../registry/limits.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { RepositoryReader } from '../registry/repository-reader.ts';
import type { TrustRoot } from '../trust/trust-root.ts';
import type { EvidenceClaims } from '../verifiers/evidence-claims.ts';
import { verifiers } from '../verifiers/index.ts';
import type { EvidencePart } from '../verifiers/verifier.ts';
import type { ImageSourceOptions } from './image-source.ts';
import { type IndexImage, listIndexImages } from './index-images.ts';
import { createListedJudge } from './judge-listed.ts';
import { openRegistry } from './open-registry.ts';

/** One piece of evidence in one format; what it says of itself is not verified. */
export interface ListedEvidence extends EvidenceClaims {
  readonly format: ImageVerificationType;
  readonly part: EvidencePart;
  /** The tag that holds it, or what it refers to as an OCI referrer. */
  readonly where: string;
  /** The first of the attestors asked for that accepts it, or why the last of them does not. */
  readonly judged?: { readonly attestor: Attestor; readonly failure?: EvidenceFailure };
}

export interface EvidenceListing {
  /** Of the image; undefined when it could not be resolved. */
  readonly digest: string | undefined;
  /** The images of an index, when the digest is one. */
  readonly images?: readonly IndexImage[];
  readonly evidence: readonly ListedEvidence[];
  /** Formats that could not be listed, and why. */
  readonly unlisted: readonly string[];
}

export interface ListEvidenceOptions extends Omit<ImageSourceOptions, 'cache' | 'trustRoot'> {
  /** Repository that holds the signatures, when not the image's own. */
  readonly repository?: string;
  /** Also look at referrers of cosign 2's experimental form. */
  readonly cosignOCI11?: boolean;
  readonly access?: RegistryAccess;
  /** Judges each piece by the attestors that it makes one think of. */
  readonly judging?: {
    readonly trustRoot: TrustRoot;
    readonly attestorsFor: (evidence: ListedEvidence) => readonly Attestor[];
  };
}

const openAccess: RegistryAccess = { allowInsecure: false, providers: [], secrets: [] };

/** Lists all evidence there is about an image, in every format, and judges it where that is asked for. Never rejects. */
export async function listEvidence(reference: string, options: ListEvidenceOptions): Promise<EvidenceListing> {
  const limits = { ...defaultLimits, ...options.limits };
  const { cosignOCI11 = false, access = openAccess } = options;
  const client = openRegistry(options);
  const { judging } = options;
  const judge = judging && createListedJudge({ ...options, limits, trustRoot: judging.trustRoot });
  const evidence: ListedEvidence[] = [];
  const unlisted: string[] = [];
  const signal = AbortSignal.timeout(limits.totalMs);
  let digest: string | undefined;
  let images: readonly IndexImage[] | undefined;
  try {
    const parsed = parseImageName(reference);
    if (!parsed.ok) return { digest, evidence, unlisted: [parsed.message] };
    const { name } = parsed;
    const location = locateEvidence(name, options.repository, undefined, options.signatureOrigins);
    if (typeof location === 'string') return { digest, evidence, unlisted: [location] };
    const own = client.open(name, access);
    digest = name.digest ?? (await own.resolve(name.tag ?? 'latest', signal));
    const reader = withUnlisted(client.open(location, access));
    images = await listIndexImages(digest, own, reader, signal).catch((error) => noteFailure(error, unlisted));
    for (const { type: format, collect } of verifiers) {
      for (const part of ['signatures', 'attestations'] as const) {
        const question = {
          digest,
          reader,
          part,
          withReferrers: cosignOCI11,
          acceptsAnyStatement: false,
          limits,
          signal,
        };
        const set = await collect(question).catch((error: unknown) => noteFailure(error, unlisted));
        const where = whereOf(format, part, location, digest);
        for (const [index, claims] of (set?.list() ?? []).entries()) {
          const one: ListedEvidence = { format, part, where, ...claims };
          if (isListed(one, evidence)) continue;
          const attestors = judging?.attestorsFor(one) ?? [];
          const verdictsOf = (attestor: Attestor) => (set && judge ? judge.judge(set, attestor) : []);
          evidence.push(await withVerdict(one, attestors, async (attestor) => (await verdictsOf(attestor))[index]));
        }
      }
    }
  } catch (error) {
    noteFailure(error, unlisted);
  } finally {
    await Promise.all([client.close(), judge?.close()]);
  }
  const listing = { digest, evidence, unlisted: [...new Set(unlisted)] };
  return images === undefined ? listing : { ...listing, images };
}

/** All there is, whichever way it is listed. */
function withUnlisted(reader: RepositoryReader): RepositoryReader {
  const referrers: RepositoryReader['referrers'] = async (digest, signal) => [
    ...(await reader.referrers(digest, signal)),
    ...(await reader.unlistedReferrers(digest, signal)),
  ];
  return { ...reader, referrers };
}

/** Bundles show up in both parts; a statement is listed once. Signatures of cosign 2 by several share what they sign. */
function isListed(one: ListedEvidence, known: readonly ListedEvidence[]): boolean {
  return known.some(({ evidence, format, part }) => {
    return evidence === one.evidence && format === one.format && part !== one.part;
  });
}

async function withVerdict(
  one: ListedEvidence,
  attestors: readonly Attestor[],
  judge: (attestor: Attestor) => Promise<EvidenceFailure | undefined>,
): Promise<ListedEvidence> {
  let judged: ListedEvidence['judged'];
  for (const attestor of attestors) {
    const failure = await judge(attestor);
    if (failure === undefined) return { ...one, judged: { attestor } };
    judged = { attestor, failure };
  }
  return judged === undefined ? one : { ...one, judged };
}

function whereOf(format: ImageVerificationType, part: EvidencePart, location: EvidenceLocation, digest: string) {
  const place = `${location.registry}/${location.repository}`;
  return format === 'Cosign'
    ? `${place}:${evidenceTag(digest, part === 'signatures' ? '.sig' : '.att')}`
    : `referrer of ${place}@${digest}`;
}

function noteFailure(error: unknown, unlisted: string[]): undefined {
  if (!(error instanceof RegistryFailure)) throw error;
  unlisted.push(error.message);
}
