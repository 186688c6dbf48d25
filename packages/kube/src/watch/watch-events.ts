import type { KubeClient } from '../client/kube-client.ts';
import { errorFromStatus, KubeError } from '../client/kube-error.ts';
import { partialMetadataAccept } from '../client/partial-metadata.ts';
import { resourcePath } from '../client/resource-path.ts';
import type { GroupVersionResource } from '../model/group-version.ts';
import type { KubernetesObject } from '../model/kubernetes-object.ts';
import { isRecord, recordOf } from '../model/untyped.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
}

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion: string;
  readonly metadataOnly?: boolean;
  /** How long the server keeps the watch open. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** etcd refuses objects beyond 1.5 MiB; conversion and escapes may grow them. */
const maximumLineBytes = 32 * 1024 * 1024;

/**
 * The events of one watch request, until the server ends it. Throws {@link KubeError}: that of an ERROR event (410
 * `Expired` or `Gone` when the resource version is too old), of a refused request, or `MalformedResponse`. An event cut
 * off by the end of the stream is dropped: it comes again after the last resource version seen.
 */
export async function* watchEvents(
  client: Pick<KubeClient, 'stream'>,
  gvr: GroupVersionResource,
  options: WatchOptions,
): AsyncGenerator<WatchEvent> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, metadataOnly = false } = options;
  const path = resourcePath(
    gvr,
    { namespace },
    {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion,
      timeoutSeconds,
      labelSelector: labelSelector || undefined,
      fieldSelector: fieldSelector || undefined,
    },
  );
  const headers = metadataOnly ? { accept: partialMetadataAccept('PartialObjectMetadata') } : {};
  for await (const line of splitLines(await client.stream(path, { headers, signal: options.signal }))) {
    const event = parseEvent(line);
    if (event !== undefined) yield event;
  }
}

/** Non-empty lines, without their ends; what follows the last line feed is dropped. */
async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString('utf8').trim();
      parts = [];
      length = 0;
      start = end + 1;
      if (line !== '') yield line;
    }
    const rest = chunk.subarray(start);
    length += rest.length;
    if (length > maximumLineBytes) throw new KubeError(0, 'ResponseTooLarge', 'a watch event is too large');
    if (rest.length > 0) parts.push(rest);
  }
}

function parseEvent(line: string): WatchEvent | undefined {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    throw new KubeError(0, 'MalformedResponse', 'a watch event is not JSON');
  }
  const { type, object } = recordOf(event);
  switch (type) {
    case 'ERROR':
      throw errorFromStatus(object);
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      if (!isRecord(object) || !isRecord(object['metadata'])) {
        throw new KubeError(0, 'MalformedResponse', 'a watch event has no object');
      }
      // The API server sends complete objects in watches: apiVersion, kind and metadata are there.
      return { type, object: object as KubernetesObject };
    default:
      return undefined;
  }
}
