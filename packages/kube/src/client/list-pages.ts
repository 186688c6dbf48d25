import type { GroupVersionResource } from '../model/group-version.ts';
import type { KubernetesObject, KubernetesObjectList, ObjectMeta } from '../model/kubernetes-object.ts';
import { isRecord, listOf, recordOf, textOf, type UntypedRecord } from '../model/untyped.ts';
import { isKubeError, KubeError } from './kube-error.ts';

export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** `0` reads from the server's cache; absent is a consistent read. */
  readonly resourceVersion?: string | undefined;
  /** Objects per request; 500 unless told. */
  readonly pageSize?: number;
  /** More objects than this fail the list with `ListTooLarge`; 100,000 unless told. */
  readonly maximumItems?: number;
  /** Metadata alone (PartialObjectMetadata). */
  readonly metadataOnly?: boolean;
  /** Applied to each object as its page arrives, so that what is cut off never piles up. */
  readonly transform?: ((object: KubernetesObject) => KubernetesObject) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For each page. */
  readonly timeoutMilliseconds?: number | undefined;
}

type FetchPage = (query: {
  readonly limit: number | undefined;
  readonly continue: string | undefined;
}) => Promise<UntypedRecord>;

/**
 * Collects the pages of a list. When the continue token runs out between pages (410), the whole is read once more in a
 * single piece, as client-go's pager does: pages of different moments must not be mixed.
 */
export async function listPages(
  fetchPage: FetchPage,
  gvr: GroupVersionResource,
  options: Pick<ListOptions, 'pageSize' | 'maximumItems' | 'transform'>,
): Promise<KubernetesObjectList> {
  const { pageSize = 500 } = options;
  try {
    return await collect(fetchPage, gvr, options, pageSize);
  } catch (error) {
    if (!(error instanceof ContinueExpired)) throw error;
    return collect(fetchPage, gvr, options, undefined);
  }
}

class ContinueExpired extends Error {}

async function collect(
  fetchPage: FetchPage,
  gvr: GroupVersionResource,
  { maximumItems = 100_000, transform }: Pick<ListOptions, 'maximumItems' | 'transform'>,
  limit: number | undefined,
): Promise<KubernetesObjectList> {
  const items: KubernetesObject[] = [];
  let token: string | undefined;
  for (;;) {
    const page = await fetchPage({ limit, continue: token }).catch((error: unknown) => {
      if (token !== undefined && isKubeError(error) && error.code === 410) throw new ContinueExpired();
      throw error;
    });
    const { apiVersion, kind, metadata } = readListHeader(page, gvr);
    for (const item of listOf(page['items'])) {
      const object = toKubernetesObject(item, apiVersion, kind.replace(/List$/, ''));
      items.push(transform === undefined ? object : transform(object));
    }
    if (items.length > maximumItems) {
      throw new KubeError(0, 'ListTooLarge', `the list of ${gvr.resource} has more than ${maximumItems} objects`);
    }
    const next = textOf(metadata['continue']) || undefined;
    if (next === undefined) {
      return { apiVersion, kind, resourceVersion: textOf(metadata['resourceVersion']) ?? '', items };
    }
    if (next === token) throw new KubeError(0, 'MalformedResponse', `the list of ${gvr.resource} does not advance`);
    token = next;
  }
}

function readListHeader(
  page: UntypedRecord,
  { group, version, resource }: GroupVersionResource,
): { apiVersion: string; kind: string; metadata: UntypedRecord } {
  const kind = textOf(page['kind']) ?? '';
  if (!kind.endsWith('List') || !Array.isArray(page['items'] ?? [])) {
    throw new KubeError(0, 'MalformedResponse', `the list of ${resource} is not a list but a \`${kind}\``);
  }
  const apiVersion = textOf(page['apiVersion']) ?? (group === '' ? version : `${group}/${version}`);
  return { apiVersion, kind, metadata: recordOf(page['metadata']) };
}

/** Checks that a value looks like an object and gives it an apiVersion and kind when, as in lists, they are left out. */
export function toKubernetesObject(value: unknown, apiVersion: string, kind: string): KubernetesObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) {
    throw new KubeError(0, 'MalformedResponse', 'the response is not a Kubernetes object');
  }
  const own = textOf(value['apiVersion']) || apiVersion;
  // The API server guarantees the shape of metadata.
  const metadata = value['metadata'] as ObjectMeta;
  return { ...value, apiVersion: own, kind: textOf(value['kind']) || kind, metadata };
}
