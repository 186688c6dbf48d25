import {
  type Cancellation,
  type Fact,
  type FactRequest,
  type FactSource,
  factKey,
  type ImageVerification,
  type ImageVerificationRequest,
  type ManifestVerification,
  type RegistryAccess,
  type SignedMessage,
} from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { createKeyReferences } from '../keys/key-references.ts';
import type { SecretKeySource } from '../keys/secret-key-source.ts';
import { type ImageName, parseImageName } from '../names/image-name.ts';
import type { RegistryHosts } from '../names/registry-hosts.ts';
import type { SignatureOrigins } from '../names/signature-location.ts';
import { createConnections } from '../registry/connections.ts';
import type { CredentialSource } from '../registry/credential-source.ts';
import type { Environment } from '../registry/environment.ts';
import { defaultLimits, type RegistryLimits } from '../registry/limits.ts';
import { readProxyRules } from '../registry/proxy-rules.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import type { TrustRoot } from '../trust/trust-root.ts';
import { createTufTrustRoots } from '../tuf/tuf-trust-roots.ts';
import { createEvidenceStore } from './evidence-store.ts';
import { factOfFailure } from './failed-fact.ts';
import { type ImageData, readImageData } from './image-data.ts';
import { openRegistry } from './open-registry.ts';
import { createRecentAnswers } from './recent-answers.ts';
import { SingleFlight } from './single-flight.ts';
import { createVerdictCache } from './verdict-cache.ts';
import { type DatedVerification, type VerificationServices, verifyDigest } from './verification.ts';
import { readSignedMessage, verifyManifest } from './verify-manifest.ts';
import { waitUntilCancelled } from './wait-until-cancelled.ts';

export interface ImageSourceOptions {
  /** What is known of registry hosts beforehand: mirrors, authorities, plain HTTP. */
  readonly hosts?: RegistryHosts;
  /** Where signatures are of images from caches that have none; a policy's own `repository` comes before. */
  readonly signatureOrigins?: SignatureOrigins;
  /** An OCI image layout (a folder) to look in instead of all registries. */
  readonly layout?: string;
  /** Whom to believe. A function is asked for each question, so that a refreshed root is used at once. */
  readonly trustRoot: TrustRoot | (() => TrustRoot);
  readonly credentials?: CredentialSource;
  /**
   * Providers (`google`, `amazon`, `azure`, `github`) asked for registry credentials where a request names none. None when
   * absent.
   */
  readonly credentialProviders?: readonly string[];
  readonly secretKeys?: SecretKeySource;
  /**
   * Any in-toto bundle about an image counts as a signature of it, as for cosign 3 and Kyverno: an attestation that the scan
   * failed, signed by the right one, then admits the image. Off unless an installation relies on it.
   */
  readonly acceptAnyStatement?: boolean;
  /**
   * Where Vault and clouds are and what opens them (VAULT_ADDR, AWS_REGION and so on): for keys kept there and for the
   * registries of clouds; and the proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY). The environment of the process when absent.
   */
  readonly environment?: Environment;
  /** `maxSize` entries for `ttlMs` milliseconds; 0 entries: nothing is kept. Refusals are looked at again sooner. */
  readonly cache: { readonly maxSize: number; readonly ttlMs: number; readonly refusalTtlMs?: number };
  readonly userAgent: string;
  readonly limits?: Partial<RegistryLimits>;
  /** The present time in milliseconds; the system's when absent. */
  readonly now?: () => number;
}

export interface ImageSourceStats {
  /** HTTP exchanges with registries. */
  readonly registryRequests: number;
  readonly evidenceFetches: number;
  readonly verdictHits: number;
  readonly verdictsKept: number;
  /** Questions being answered. */
  readonly inFlight: number;
}

/** Answers questions about images, and about signed manifests. */
export interface ImageSource extends FactSource {
  stats(): ImageSourceStats;
  /** Ends all connections. Questions still open fail. */
  close(): Promise<void>;
}

const defaultRefusalTtlMs = 10_000;
/** No admission lasts longer: a signal that lives on does not pin tags for ever. */
const admissionMs = 30_000;

/** Digests resolved for one admission: what one rule saw, the others see. And the bytes of image data it was given. */
interface Admission {
  readonly digests: Map<string, { readonly digest: Promise<string>; readonly at: number }>;
  dataBytes: number;
}

/** Manifests and configurations are kilobytes each; a Pod may name a hundred images of a stranger. */
const maximumDataBytes = 16 * 1024 * 1024;

/**
 * The source of image facts. Tags are resolved anew for each admission (all calls with the same `signal` are one), and
 * everything else is asked once for all who ask at the same time. Failed questions are facts, never rejections.
 */
export function createImageSource(options: ImageSourceOptions): ImageSource {
  const now = options.now ?? Date.now;
  const limits: RegistryLimits = { ...defaultLimits, ...options.limits };
  const { trustRoot, cache } = options;
  const { environment = process.env, userAgent } = options;
  const client = openRegistry(options);
  const proxy = readProxyRules(environment);
  const keyConnections = createConnections({ connections: 4, timeoutMs: limits.exchangeMs, proxy });
  const evidence = createEvidenceStore({
    client,
    limits,
    acceptsAnyStatement: options.acceptAnyStatement === true,
    now,
    maxSize: cache.maxSize,
    ttlMs: cache.ttlMs,
  });
  const verdicts = createVerdictCache({ now, maxSize: cache.maxSize, ttlMs: cache.ttlMs });
  const tufRoots = createTufTrustRoots({
    userAgent,
    environment,
    isMapped: (host) => Object.hasOwn(options.hosts ?? {}, host),
  });
  const services: VerificationServices = {
    client,
    evidence,
    verdicts,
    trustRoot: typeof trustRoot === 'function' ? trustRoot : () => trustRoot,
    secretKeys: options.secretKeys,
    tufRoots,
    origins: options.signatureOrigins ?? [],
    keyReferences: createKeyReferences({ environment, connections: keyConnections, userAgent }),
    totalMs: limits.totalMs,
    now,
  };
  const refusalTtlMs = Math.min(cache.refusalTtlMs ?? defaultRefusalTtlMs, cache.ttlMs);
  const digests = new SingleFlight<string>();
  const verifications = new SingleFlight<ImageVerification>();
  const data = new SingleFlight<ImageData>();
  const recent = createRecentAnswers({
    trustRoot: services.trustRoot,
    now,
    maxSize: cache.maxSize,
    ttlMs: cache.ttlMs,
  });
  const admissions = new WeakMap<Cancellation, Admission>();

  function resolve(image: ImageName, access: RegistryAccess, admission: Admission) {
    const { digest, tag = 'latest' } = image;
    if (digest !== undefined) return Promise.resolve(digest);
    const key = JSON.stringify([image, access]);
    const known = admission.digests.get(key);
    if (known !== undefined && Math.abs(now() - known.at) < admissionMs) return known.digest;
    const resolved = digests.share(key, () =>
      client.open(image, access).resolve(tag, AbortSignal.timeout(limits.totalMs)),
    );
    admission.digests.set(key, { digest: resolved, at: now() });
    resolved.catch(() => admission.digests.delete(key));
    return resolved;
  }

  async function verify(request: ImageVerificationRequest, image: ImageName, digest: string) {
    const judge = (maximumAge: number): Promise<DatedVerification> =>
      verifyDigest(request, image, digest, maximumAge, services);
    const first = await judge(request.useCache ? cache.ttlMs : 0);
    if (first.verification.verified || first.age <= refusalTtlMs) return first.verification;
    // Signatures are often added right after a refusal: old evidence is no reason to refuse again.
    return (await judge(refusalTtlMs)).verification;
  }

  async function answer(request: FactRequest, admission: Admission): Promise<FactValue> {
    if (request.kind === 'signed-message') return readSignedMessage(request);
    if (request.kind === 'manifest-verification') {
      const signal = (): AbortSignal => AbortSignal.timeout(limits.totalMs);
      return verifyManifest(request, { ...services, trustRoot: services.trustRoot(), signal }, now());
    }
    if (!isImageRequest(request)) throw new RegistryFailure('unavailable', `\`${request.kind}\` is not about images`);
    const parsed = parseImageName(request.reference);
    if (!parsed.ok) throw new RegistryFailure('permanent', parsed.message);
    const digest = await resolve(parsed.name, request.access, admission);
    const key = `${digest} ${factKey(request)}`;
    switch (request.kind) {
      case 'image-digest':
        return digest;
      case 'image-data': {
        const { value, bytes } = await data.share(key, () =>
          readImageData(request.reference, parsed.name, digest, client, request.access, limits),
        );
        admission.dataBytes += bytes;
        if (admission.dataBytes <= maximumDataBytes) return value;
        throw new RegistryFailure('permanent', `the data of the images is more than ${maximumDataBytes} bytes`);
      }
      case 'image-verification': {
        const verification = await verifications.share(key, () => verify(request, parsed.name, digest));
        if (parsed.name.digest !== undefined) recent.keep(request, verification);
        return verification;
      }
    }
  }

  return {
    kinds: new Set(FACT_KINDS),
    known: (request) => (request.kind === 'image-verification' ? recent.find(request) : undefined),
    async fetch(requests, signal) {
      let admission = signal === undefined ? undefined : admissions.get(signal);
      admission ??= { digests: new Map(), dataBytes: 0 };
      if (signal !== undefined) admissions.set(signal, admission);
      const scope = admission;
      return Promise.all(
        requests.map((request) => waitUntilCancelled(answer(request, scope), signal).then(factOf, failedFactOf)),
      );
    },
    stats: () => ({
      registryRequests: client.requests,
      evidenceFetches: evidence.fetches,
      verdictHits: verdicts.hits,
      verdictsKept: verdicts.size,
      inFlight: digests.size + verifications.size + data.size,
    }),
    async close() {
      tufRoots.stop();
      await Promise.all([client.close(), keyConnections.close()]);
    },
  };
}

const FACT_KINDS = [
  'image-digest',
  'image-data',
  'image-verification',
  'signed-message',
  'manifest-verification',
] as const;

/** All of it plain data; the contract of FactSource carries it as the values of facts. */
type FactValue = Json | ImageVerification | SignedMessage | ManifestVerification;

type ImageRequest = Extract<FactRequest, { readonly reference: string }>;

function isImageRequest(request: FactRequest): request is ImageRequest {
  return request.kind === 'image-digest' || request.kind === 'image-data' || request.kind === 'image-verification';
}

function factOf(value: FactValue): Fact<Json> {
  return { ok: true, value };
}

function failedFactOf(error: unknown): Fact<Json> {
  return factOfFailure(error, 'the image could not be judged');
}
