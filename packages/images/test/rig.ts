import type {
  Attestor,
  AttestorSet,
  Fact,
  ImageVerification,
  ImageVerificationRequest,
  ImageVerificationType,
} from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { generateKeyPair, type KeyAlgorithm } from '@vouchsafe/kube/pki';
import { pushImage } from '../../sandbox/src/registry/push-image.ts';
import { type Registry, type RegistryOptions, startRegistry } from '../../sandbox/src/registry/start-registry.ts';
import { type Sigstore, startSigstore } from '../../sandbox/src/sigstore/start-sigstore.ts';
import { askVerification } from '../src/facts/ask-verification.ts';
import { createImageSource, type ImageSource, type ImageSourceOptions } from '../src/facts/image-source.ts';
import { parseTrustRoot, type TrustRoot } from '../src/trust/trust-root.ts';

/** The name the in-process registry is mapped to: nothing in a test leaves the machine. */
export const host = 'registry.test';

export interface Rig {
  readonly registry: Registry;
  readonly sigstore: Sigstore;
  readonly trustRoot: TrustRoot;
  readonly source: ImageSource;
  /** Another source over the same registry. */
  open(options?: Partial<ImageSourceOptions>): ImageSource;
  stop(): Promise<void>;
}

export async function startRig(
  options: { registry?: RegistryOptions; source?: Partial<ImageSourceOptions>; clock?: () => Date } = {},
): Promise<Rig> {
  const registry = await startRegistry(options.registry);
  const sigstore = await startSigstore(options.clock === undefined ? {} : { clock: options.clock });
  const parsed = parseTrustRoot(JSON.stringify(sigstore.trustedRoot));
  if (!parsed.ok) throw new Error(parsed.message);
  const trustRoot = parsed.root;
  const sources: ImageSource[] = [];
  const open = (more: Partial<ImageSourceOptions> = {}): ImageSource => {
    const source = createImageSource({
      hosts: { [host]: { url: registry.url }, 'down.test': { url: 'http://127.0.0.1:1' } },
      trustRoot,
      cache: { maxSize: 1000, ttlMs: 3_600_000 },
      userAgent: 'vouchsafe-test',
      ...options.source,
      ...more,
    });
    sources.push(source);
    return source;
  };
  return {
    registry,
    sigstore,
    trustRoot,
    source: open(),
    open,
    async stop() {
      await Promise.all(sources.map((source) => source.close()));
      await sigstore.stop();
      await registry.stop();
    },
  };
}

export interface KeyPem {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function createKey(algorithm: KeyAlgorithm = 'ecdsa-p256'): KeyPem {
  const { privateKey, publicKey } = generateKeyPair(algorithm);
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

let images = 0;

/** A fresh image; its name in the registry, and as policies see it. */
export function pushFresh(registry: Registry): { name: string; reference: string; repository: string; digest: string } {
  images += 1;
  const repository = `team/app-${images}`;
  const pushed = pushImage(registry, `${repository}:1`);
  return { name: `${repository}:1`, reference: `${host}/${repository}:1`, repository, digest: pushed.digest };
}

const access = { allowInsecure: false, providers: [], secrets: [] };

/** A request with one set of one entry, or the sets given. */
export function requestFor(
  reference: string,
  attestors: Attestor | readonly AttestorSet[],
  more: Partial<ImageVerificationRequest> & { type?: ImageVerificationType } = {},
): ImageVerificationRequest {
  return {
    kind: 'image-verification',
    reference,
    type: 'Cosign',
    attestors: 'length' in attestors ? attestors : [{ entries: [attestors] }],
    attestations: [],
    annotations: {},
    cosignOCI11: false,
    useCache: true,
    access,
    ...more,
  };
}

/** Verification by key, without a log. */
export function byKey(publicKey: string, more: Partial<Attestor> = {}): Attestor {
  return { keys: { publicKeys: publicKey, rekor: { ignoreTlog: true } }, ...more };
}

export async function fetchFact(source: ImageSource, request: ImageVerificationRequest): Promise<Fact<Json>> {
  const [fact] = await source.fetch([request], undefined);
  if (fact === undefined) throw new Error('the source gave no answer');
  return fact;
}

/** The verification, when the fact did not fail. */
export async function verify(source: ImageSource, request: ImageVerificationRequest): Promise<ImageVerification> {
  const fact = await askVerification(source, request);
  if (!fact.ok) throw new Error(`${fact.class}: ${fact.message}`);
  return fact.value;
}

/** What the first entry was refused for: reason and message of its nearest miss; `verified` when it was not. */
export function refusalOf(verification: ImageVerification): { reason: string; message: string } {
  const entry = verification.sets[0]?.entries[0];
  if (entry === undefined || entry.verified) return { reason: 'verified', message: '' };
  const [failure] = entry.failures;
  return { reason: failure?.reason ?? 'none', message: failure?.message ?? '' };
}
