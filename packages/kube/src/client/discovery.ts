import type { GroupVersionKind, GroupVersionResource } from '../model/group-version.ts';
import { isRecord, type UntypedRecord } from '../model/untyped.ts';
import {
  type DiscoveredResources,
  discoveryAccept,
  isAggregatedDiscovery,
  readAggregatedDiscovery,
} from './aggregated-discovery.ts';
import type { ApiResource } from './api-resource.ts';
import { KubeError } from './kube-error.ts';
import { readLegacyDiscovery } from './legacy-discovery.ts';
import type { Requester } from './requester.ts';

/** What the API server serves. Lookups reject with {@link KubeError} when that cannot be known. */
export interface Discovery {
  /** All resources, at most ten minutes old. */
  readonly resources: () => Promise<readonly ApiResource[]>;
  /**
   * The resource of a kind; with an empty version, of the group's preferred version that has it. Undefined when the
   * server does not serve it: an unknown kind is looked up afresh first, at most every five seconds.
   */
  readonly findKind: (
    kind: Omit<GroupVersionKind, 'version'> & { readonly version?: string },
  ) => Promise<ApiResource | undefined>;
  /** As findKind, by the plural name. */
  readonly findResource: (
    resource: Omit<GroupVersionResource, 'version'> & { readonly version?: string },
  ) => Promise<ApiResource | undefined>;
  /** Forgets what is known, for when a CustomResourceDefinition changed. */
  readonly invalidate: () => void;
}

const maximumAgeMilliseconds = 10 * 60_000;
const refreshIntervalMilliseconds = 5_000;

export function createDiscovery(requester: Requester): Discovery {
  let known: { readonly found: DiscoveredResources; readonly at: number } | undefined;
  let running: Promise<DiscoveredResources> | undefined;
  const refresh = (): Promise<DiscoveredResources> => {
    if (running !== undefined) return running;
    const asked = discover(requester)
      .then((found) => {
        // an answer asked for before it was forgotten may be older than what made it so
        if (running === asked) known = { found, at: performance.now() };
        return found;
      })
      .finally(() => {
        if (running === asked) running = undefined;
      });
    running = asked;
    return asked;
  };
  const isOlderThan = (milliseconds: number): boolean =>
    known === undefined || performance.now() - known.at > milliseconds;
  const current = async (): Promise<DiscoveredResources> =>
    known === undefined || isOlderThan(maximumAgeMilliseconds) ? refresh() : known.found;
  const find = async (
    group: string,
    version: string | undefined,
    matches: (resource: ApiResource) => boolean,
  ): Promise<ApiResource | undefined> => {
    const search = ({ resources }: DiscoveredResources): ApiResource | undefined => {
      const candidates = resources.filter((item) => item.group === group && matches(item));
      if (version) return candidates.find((item) => item.version === version);
      return candidates.find((item) => item.isPreferredVersion) ?? candidates[0];
    };
    const found = search(await current());
    if (found !== undefined) return found;
    const latest = isOlderThan(refreshIntervalMilliseconds) ? await refresh() : await current();
    return search(latest) ?? refuseIfUnknown(latest, group, version);
  };
  return {
    resources: async () => (await current()).resources,
    findKind: ({ group, version, kind }) => find(group, version, (item) => item.kind === kind),
    findResource: ({ group, version, resource }) => find(group, version, (item) => item.resource === resource),
    invalidate: () => {
      known = undefined;
      running = undefined;
    },
  };
}

/** A group that could not be asked may well serve the kind: absence must not be concluded. */
function refuseIfUnknown(
  { failedGroupVersions }: DiscoveredResources,
  group: string,
  version: string | undefined,
): undefined {
  const isUnknown = failedGroupVersions.some((item) => item.group === group && (!version || item.version === version));
  if (isUnknown)
    throw new KubeError(503, 'ServiceUnavailable', `the resources of group \`${group}\` are not known now`);
  return undefined;
}

async function discover(requester: Requester): Promise<DiscoveredResources> {
  const fetchDocument = async (path: string): Promise<UntypedRecord> => {
    const { body } = await requester.request({ method: 'GET', path, headers: { accept: discoveryAccept } });
    return parseDocument(body, path);
  };
  const [core, groups] = await Promise.all([fetchDocument('/api'), fetchDocument('/apis')]);
  if (!isAggregatedDiscovery(core) || !isAggregatedDiscovery(groups)) return discoverPlain(requester, core, groups);
  const parts = [readAggregatedDiscovery(core), readAggregatedDiscovery(groups)];
  return {
    resources: parts.flatMap(({ resources }) => resources),
    failedGroupVersions: parts.flatMap(({ failedGroupVersions }) => failedGroupVersions),
  };
}

/** A server that aggregates only one of the two roots is asked for that one again in the plain form. */
async function discoverPlain(
  requester: Requester,
  core: UntypedRecord,
  groups: UntypedRecord,
): Promise<DiscoveredResources> {
  const fetchPlain = async (path: string): Promise<UntypedRecord> => {
    const document = parseDocument((await requester.request({ method: 'GET', path })).body, path);
    if (!isAggregatedDiscovery(document)) return document;
    throw new KubeError(0, 'MalformedResponse', `GET ${path} answered in a form that was not asked for`);
  };
  return readLegacyDiscovery(
    isAggregatedDiscovery(core) ? await fetchPlain('/api') : core,
    isAggregatedDiscovery(groups) ? await fetchPlain('/apis') : groups,
    fetchPlain,
  );
}

function parseDocument(body: Uint8Array, path: string): UntypedRecord {
  try {
    const document: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (isRecord(document)) return document;
  } catch {
    // Falls through to the error below.
  }
  throw new KubeError(0, 'MalformedResponse', `GET ${path} did not answer with a JSON object`);
}
