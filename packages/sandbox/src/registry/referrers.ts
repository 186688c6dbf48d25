import type { ContentStore } from './content-store.ts';
import { errorAnswer, jsonAnswer, type RegistryAnswer } from './exchange.ts';

export const INDEX_MEDIA_TYPE = 'application/vnd.oci.image.index.v1+json';

interface ReferrersRoom {
  content: ContentStore;
  referrersPageSize: number;
  hasNoReferrersApi(repository: string): boolean;
}

/**
 * OCI distribution specification, "Listing Referrers": an index of the manifests whose `subject` is the digest, filtered by
 * artifactType when asked (and then saying so), in pages joined by Link headers. An unknown digest has an empty list.
 */
export function listReferrers(room: ReferrersRoom, url: URL, repository: string, digest: string): RegistryAnswer {
  if (room.hasNoReferrersApi(repository)) return errorAnswer(404, 'NOT_FOUND', 'no referrers API');
  const wantedType = url.searchParams.get('artifactType');
  const all = [...(room.content.repository(repository)?.manifests ?? [])]
    .filter(([, manifest]) => manifest.subject === digest)
    .filter(([, manifest]) => wantedType === null || manifest.artifactType === wantedType)
    .map(([referrer, manifest]) => ({
      mediaType: manifest.mediaType,
      digest: referrer,
      size: manifest.bytes.length,
      ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
      ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
    }));
  const start = pageStart(url);
  const end = start + room.referrersPageSize;
  return indexAnswer(all.slice(start, end), {
    ...(wantedType === null ? {} : { 'oci-filters-applied': 'artifactType' }),
    ...(end < all.length ? { link: `<${nextPage(url, end)}>; rel="next"` } : {}),
  });
}

export function indexAnswer(manifests: readonly unknown[], headers: Record<string, string> = {}): RegistryAnswer {
  return jsonAnswer({ schemaVersion: 2, mediaType: INDEX_MEDIA_TYPE, manifests }, 200, {
    ...headers,
    'content-type': INDEX_MEDIA_TYPE,
  });
}

function pageStart(url: URL): number {
  const asked = Number(url.searchParams.get('from') ?? 0);
  return Number.isInteger(asked) && asked > 0 ? asked : 0;
}

function nextPage(url: URL, from: number): string {
  const parameters = new URLSearchParams(url.searchParams);
  parameters.set('from', String(from));
  return `${url.pathname}?${parameters}`;
}
