import { type Registry, type Sigstore, startRegistry, startSigstore } from '@vouchsafe/sandbox';
import { type ImageCatalogue, toCatalogueName } from './image-catalogue.ts';
import { replacePems } from './pem-blocks.ts';
import { pushStandIn, repositoryOf } from './push-stand-in.ts';
import { createStandInKeys } from './stand-in-keys.ts';

/** A registry on loopback with images that are like those of the catalogue, signed with keys of our own. */
export interface StandIns {
  readonly registry: Registry;
  readonly sigstore: Sigstore;
  /** Where the images of each registry host are found. */
  readonly mirrors: Readonly<Record<string, string>>;
  /** A document with our keys and digests in the place of those it names. */
  rewrite(text: string): string;
  /** What was asked for since the last call, and is nothing the catalogue knows of. */
  unknownImages(): readonly string[];
  stop(): Promise<void>;
}

export async function startStandIns(catalogue: ImageCatalogue): Promise<StandIns> {
  const [registry, sigstore] = await Promise.all([startRegistry(), startSigstore()]);
  const keys = createStandInKeys(catalogue, sigstore);
  const digests = new Map<string, string>();
  for (const image of catalogue.images) {
    const pushed = pushStandIn(image, { registry, sigstore, keys });
    const real = image.digest ?? toCatalogueName(image.name).digest;
    if (real === undefined) continue;
    if (digests.has(real)) throw new Error(`two images of the catalogue have the digest ${real}`);
    digests.set(real, pushed.digest);
  }
  const hosts = new Set([...catalogue.images.map(({ name }) => name), ...catalogue.absent].map(hostOf));
  const absent = new Set(catalogue.absent.map(asStored));

  return {
    registry,
    sigstore,
    mirrors: Object.fromEntries([...hosts].map((host) => [host, `${registry.url}/${host}`])),
    rewrite: (text) => replaceDigests(replacePems(text, keys.publicPart), digests),
    unknownImages() {
      const unknown = missingImages(registry).filter((name) => !absent.has(name));
      registry.clearRequests();
      return [...new Set(unknown)];
    },
    async stop() {
      await Promise.all([registry.stop(), sigstore.stop()]);
    },
  };
}

function hostOf(name: string): string {
  return toCatalogueName(name).host;
}

function asStored(name: string): string {
  const parsed = toCatalogueName(name);
  return `${repositoryOf(parsed)}:${parsed.tag ?? 'latest'}`;
}

const DIGEST = /sha256:[0-9a-f]{64}/g;

function replaceDigests(text: string, digests: ReadonlyMap<string, string>): string {
  return text.replace(DIGEST, (digest) => digests.get(digest) ?? digest);
}

/** Manifests that were asked for and not found; signatures, which are looked for under tags made of digests, may be missing. */
function missingImages({ requests }: Registry): readonly string[] {
  return requests()
    .filter(
      ({ kind, status, reference = '' }) => kind === 'manifest' && status === 404 && !reference.startsWith('sha256-'),
    )
    .map(
      ({ repository = '', reference = '' }) =>
        `${repository}${reference.startsWith('sha256:') ? '@' : ':'}${reference}`,
    );
}
