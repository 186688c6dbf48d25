import {
  type ImageContent,
  type Platform,
  type PushedImage,
  pushImage,
  type Registry,
  type Sigstore,
  signKeyless,
  signWithKey,
} from '@vouchsafe/sandbox';
import { attachReferrer, signNotary } from '../../packages/images/test/notary-signer.ts';
import {
  type ArtifactEvidence,
  type BundleEvidence,
  type CatalogueImage,
  type CosignEvidence,
  type Evidence,
  type Identity,
  toCatalogueName,
} from './image-catalogue.ts';
import type { StandInKeys } from './stand-in-keys.ts';

export interface Workshop {
  readonly registry: Registry;
  readonly sigstore: Sigstore;
  readonly keys: StandInKeys;
}

const DAY_MS = 86_400_000;
/** Of an image that is known by its digest alone. */
const UNTAGGED = 'untagged';

/** Repositories of all hosts are in one registry, each below the name of its host. */
export function repositoryOf(name: { readonly host: string; readonly repository: string }): string {
  return `${name.host}/${name.repository}`;
}

/** Pushes an image with the facts of a real one, and everything that is said about it. */
export function pushStandIn(image: CatalogueImage, workshop: Workshop): PushedImage {
  const name = toCatalogueName(image.name);
  const pushed = pushImage(
    workshop.registry,
    `${repositoryOf(name)}:${name.tag ?? UNTAGGED}`,
    contentOf(image, workshop),
  );
  for (const evidence of image.evidence ?? []) attach(evidence, pushed, workshop);
  return pushed;
}

function contentOf(image: CatalogueImage, { sigstore }: Workshop): ImageContent {
  const { platforms, architecture, buildSources, ageDays } = image;
  const created = ageDays === undefined ? image.created : daysBefore(sigstore.services.now(), ageDays);
  const buildInfo = Buffer.from(JSON.stringify({ frontend: 'dockerfile.v0', sources: buildSources })).toString(
    'base64',
  );
  return {
    // Images of one repository differ in what they hold.
    files: { 'etc/image': `${image.name}\n` },
    ...(platforms ? { platforms: platforms.map(toPlatform) } : {}),
    ...(architecture ? { architecture } : {}),
    ...(created ? { created } : {}),
    ...(image.user ? { user: image.user } : {}),
    ...(image.command ? { command: image.command } : {}),
    ...(image.environment ? { environment: image.environment } : {}),
    ...(image.volumes ? { volumes: image.volumes } : {}),
    ...(image.labels ? { labels: image.labels } : {}),
    ...(image.annotations ? { annotations: image.annotations } : {}),
    ...(image.layerSize ? { layerSize: image.layerSize } : {}),
    ...(buildSources ? { configuration: { 'moby.buildkit.buildinfo.v1': buildInfo } } : {}),
  };
}

function toPlatform(text: string): Platform {
  const [os = '', architecture = ''] = text.split('/');
  return { os, architecture };
}

function daysBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * DAY_MS).toISOString();
}

function attach(evidence: Evidence, image: PushedImage, workshop: Workshop): void {
  if ('cosign' in evidence) attachCosign(evidence, image, workshop);
  else if ('bundle' in evidence) attachBundle(evidence, image, workshop);
  else if ('notary' in evidence) signAsNotary(evidence.notary.certificate, image.digest, image, workshop);
  else attachArtifact(evidence, image, workshop);
}

function attachCosign(evidence: CosignEvidence, { repository, digest }: PushedImage, workshop: Workshop): void {
  const { registry, sigstore, keys } = workshop;
  const options = {
    ...statementOf(evidence),
    registry,
    sigstore,
    image: `${repository}@${digest}`,
    log: 'v1' as const,
    legacyReferrer: evidence.storedAs === 'referrer',
  };
  if ('key' in evidence.cosign) signWithKey({ ...options, key: keys.signingKey(evidence.cosign.key) });
  else signKeyless({ ...options, identity: toToken(evidence.cosign.keyless) });
}

/** Who keeps no log promises nobody to publish certificates either. */
function attachBundle(evidence: BundleEvidence, { repository, digest }: PushedImage, workshop: Workshop): void {
  const { registry, sigstore } = workshop;
  const isLogged = evidence.logged !== false;
  signKeyless({
    ...statementOf(evidence),
    registry,
    sigstore,
    image: `${repository}@${digest}`,
    format: 'bundle',
    identity: toToken(evidence.bundle.keyless),
    log: isLogged ? 'v1' : 'none',
    ...(isLogged ? {} : { defects: { certificate: { timestamp: 'missing' } } }),
  });
}

function statementOf({ attests, content, timestamp }: CosignEvidence | BundleEvidence) {
  return {
    ...(attests === undefined ? {} : { attestation: { predicateType: attests, predicate: content ?? {} } }),
    ...(timestamp === undefined ? {} : { timestamp }),
  };
}

function toToken({ issuer, subject }: Identity) {
  return subject.includes('://') ? { issuer, subject } : { issuer, email: subject };
}

function attachArtifact(evidence: ArtifactEvidence, image: PushedImage, workshop: Workshop): void {
  const { digest } = attachReferrer(workshop.registry, image.repository, image.digest, {
    artifactType: evidence.artifact.type,
    configType: 'application/vnd.oci.empty.v1+json',
    layerType: 'application/json',
    blob: Buffer.from(JSON.stringify(evidence.content)),
  });
  for (const certificate of evidence.signedBy) signAsNotary(certificate, digest, image, workshop);
}

function signAsNotary(
  certificate: string,
  digest: string,
  { repository }: PushedImage,
  { registry, keys }: Workshop,
): void {
  signNotary({ registry, repository, digest, key: keys.notaryKey(certificate) });
}
