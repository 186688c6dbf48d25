import { gzipSync } from 'node:zlib';
import { type ContentStore, digestOf } from './content-store.ts';
import { INDEX_MEDIA_TYPE } from './referrers.ts';

export const MANIFEST_MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';

/** A platform in OCI words. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

export interface ImageContent {
  /** Files of the only layer; a small text file when absent. */
  files?: Readonly<Record<string, string>>;
  /** One image per platform under an index; a single manifest when absent. */
  platforms?: readonly Platform[];
  /** Of a single image; `amd64` when absent. */
  architecture?: string;
  labels?: Readonly<Record<string, string>>;
  environment?: readonly string[];
  entrypoint?: readonly string[];
  command?: readonly string[];
  user?: string;
  exposedPorts?: readonly string[];
  volumes?: readonly string[];
  /** More members of the configuration, beside those above. */
  configuration?: Readonly<Record<string, unknown>>;
  /** What the manifest says the layer's size is, in bytes; the true one when absent. Nobody can pull such a layer. */
  layerSize?: number;
  /** Manifest (and index) annotations. */
  annotations?: Readonly<Record<string, string>>;
  /** ISO 8601; a fixed time by default, so that the same content has the same digest. */
  created?: string;
  /** Docker schema 2 media types instead of OCI's. */
  docker?: boolean;
}

export interface PushedImage {
  /** `127.0.0.1:PORT/repository:tag`. */
  image: string;
  repository: string;
  tag: string;
  /** What the tag resolves to: the index of a multi-platform image, the manifest otherwise. */
  digest: string;
  mediaType: string;
  size: number;
  /** The manifests under the index, in the order of `platforms`; empty for a single manifest. */
  manifests: readonly { digest: string; platform: Platform }[];
}

interface PushTarget {
  host: string;
  content: ContentStore;
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

const DEFAULT_PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };
const DEFAULT_CREATED = '2024-01-01T00:00:00Z';

/**
 * Puts a small valid image straight into the registry's store: a config, one gzipped tar layer, a manifest, and an index
 * when platforms are named. `name` is `repository:tag` (`latest` when no tag is given). Throws when the store refuses it.
 */
export function pushImage(registry: PushTarget, name: string, content: ImageContent = {}): PushedImage {
  const { repository, tag } = splitName(name);
  const { architecture = DEFAULT_PLATFORM.architecture } = content;
  const platforms = content.platforms ?? [{ ...DEFAULT_PLATFORM, architecture }];
  const manifests = platforms.map((platform) => ({
    platform,
    ...pushManifest(registry.content, repository, content, platform),
  }));
  const only = manifests[0];
  const top =
    content.platforms === undefined && only !== undefined
      ? only
      : pushDocument(registry.content, repository, indexMediaType(content), {
          schemaVersion: 2,
          mediaType: indexMediaType(content),
          manifests,
          ...annotationsOf(content),
        });
  registry.content.repository(repository)?.tags.set(tag, top.digest);
  return {
    image: `${registry.host}/${repository}:${tag}`,
    repository,
    tag,
    digest: top.digest,
    mediaType: top.mediaType,
    size: top.size,
    manifests: content.platforms === undefined ? [] : manifests.map(({ digest, platform }) => ({ digest, platform })),
  };
}

/** `repository:tag` taken apart; throws on a digest, which cannot be chosen. */
function splitName(name: string): { repository: string; tag: string } {
  if (name.includes('@')) throw new Error(`an image is pushed by tag, not by digest: \`${name}\``);
  const colon = name.lastIndexOf(':');
  return colon < 0
    ? { repository: name, tag: 'latest' }
    : { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function pushManifest(store: ContentStore, repository: string, content: ImageContent, platform: Platform): Descriptor {
  const tar = tarOf(content.files ?? { 'etc/motd': `${repository} on ${platform.os}/${platform.architecture}\n` });
  const layer = gzipSync(tar, { level: 9 });
  const config = Buffer.from(JSON.stringify(configOf(content, platform, digestOf(tar))));
  const mediaType =
    content.docker === true ? 'application/vnd.docker.distribution.manifest.v2+json' : MANIFEST_MEDIA_TYPE;
  return pushDocument(store, repository, mediaType, {
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType:
        content.docker === true
          ? 'application/vnd.docker.container.image.v1+json'
          : 'application/vnd.oci.image.config.v1+json',
      ...pushBlob(store, repository, config),
    },
    layers: [
      {
        mediaType:
          content.docker === true
            ? 'application/vnd.docker.image.rootfs.diff.tar.gzip'
            : 'application/vnd.oci.image.layer.v1.tar+gzip',
        ...pushBlob(store, repository, layer),
        ...(content.layerSize === undefined ? {} : { size: content.layerSize }),
      },
    ],
    ...annotationsOf(content),
  });
}

function configOf(content: ImageContent, platform: Platform, diffId: string): unknown {
  return {
    ...content.configuration,
    created: content.created ?? DEFAULT_CREATED,
    ...platform,
    config: {
      ...(content.user === undefined ? {} : { User: content.user }),
      ...(content.exposedPorts === undefined
        ? {}
        : { ExposedPorts: Object.fromEntries(content.exposedPorts.map((port) => [port, {}])) }),
      ...(content.volumes === undefined
        ? {}
        : { Volumes: Object.fromEntries(content.volumes.map((path) => [path, {}])) }),
      ...(content.environment === undefined ? {} : { Env: content.environment }),
      ...(content.entrypoint === undefined ? {} : { Entrypoint: content.entrypoint }),
      ...(content.command === undefined ? {} : { Cmd: content.command }),
      ...(content.labels === undefined ? {} : { Labels: content.labels }),
    },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created: content.created ?? DEFAULT_CREATED, created_by: 'pushImage' }],
  };
}

function indexMediaType(content: ImageContent): string {
  return content.docker === true ? 'application/vnd.docker.distribution.manifest.list.v2+json' : INDEX_MEDIA_TYPE;
}

function annotationsOf(content: ImageContent): { annotations?: Readonly<Record<string, string>> } {
  return content.annotations === undefined ? {} : { annotations: content.annotations };
}

function pushBlob(store: ContentStore, repository: string, bytes: Buffer): { digest: string; size: number } {
  const stored = store.putBlob(repository, bytes);
  if ('problem' in stored) throw new Error(`the registry refused a blob: ${stored.problem}`);
  return { digest: stored.digest, size: bytes.length };
}

function pushDocument(store: ContentStore, repository: string, mediaType: string, document: unknown): Descriptor {
  const bytes = Buffer.from(JSON.stringify(document));
  const stored = store.putManifest(repository, digestOf(bytes), bytes, mediaType);
  if ('problem' in stored) throw new Error(`the registry refused a manifest: ${stored.problem}`);
  return { mediaType, digest: stored.digest, size: bytes.length };
}

/** A POSIX ustar archive of plain files, mode 0644, owner 0, time 0. */
function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const data = Buffer.from(text);
    return [tarHeader(path, data.length), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function tarHeader(path: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(path, 0, 100);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return header;
}
