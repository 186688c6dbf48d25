import { parseApiVersion, toApiVersion } from '../model/group-version.ts';
import { recordsOf, textOf, textsOf, type UntypedRecord } from '../model/untyped.ts';
import type { DiscoveredResources } from './aggregated-discovery.ts';
import type { ApiResource, ApiSubresource } from './api-resource.ts';

interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly isPreferredVersion: boolean;
}

const simultaneousRequests = 8;

/** Reads APIVersions and APIGroupList, then one APIResourceList per group version. A group that fails is noted. */
export async function readLegacyDiscovery(
  core: UntypedRecord,
  groups: UntypedRecord,
  fetchDocument: (path: string) => Promise<UntypedRecord>,
): Promise<DiscoveredResources> {
  const pending = [...coreVersions(core), ...groupVersions(groups)];
  const order = new Map(pending.map((entry, index) => [entry, index]));
  const found = new Map<number, ApiResource[]>();
  const failedGroupVersions: GroupVersion[] = [];
  const work = async (): Promise<void> => {
    for (let entry = pending.shift(); entry !== undefined; entry = pending.shift()) {
      try {
        const list = await fetchDocument(`/${entry.group === '' ? 'api' : 'apis'}/${toApiVersion(entry)}`);
        found.set(order.get(entry) ?? 0, readResourceList(list, entry));
      } catch {
        // One aggregated API being down must not hide the others; what failed is reported as such.
        failedGroupVersions.push(entry);
      }
    }
  };
  await Promise.all(Array.from({ length: simultaneousRequests }, work));
  const resources = [...found.entries()].sort(([left], [right]) => left - right).flatMap(([, list]) => list);
  return { resources, failedGroupVersions };
}

function coreVersions(document: UntypedRecord): GroupVersion[] {
  return textsOf(document['versions']).map((version, index) => ({
    group: '',
    version,
    isPreferredVersion: index === 0,
  }));
}

function groupVersions(document: UntypedRecord): GroupVersion[] {
  return recordsOf(document['groups']).flatMap((entry) => {
    const group = textOf(entry['name']) ?? '';
    return recordsOf(entry['versions']).map((item, index) => ({
      group,
      version: textOf(item['version']) ?? '',
      isPreferredVersion: index === 0,
    }));
  });
}

function readResourceList(
  document: UntypedRecord,
  { group, version, isPreferredVersion }: GroupVersion,
): ApiResource[] {
  const entries = recordsOf(document['resources']);
  const subresources = Map.groupBy(
    entries.filter((entry) => (textOf(entry['name']) ?? '').includes('/')),
    (entry) => (textOf(entry['name']) ?? '').split('/', 1)[0],
  );
  return entries.flatMap((entry) => {
    const resource = textOf(entry['name']) ?? '';
    if (resource.includes('/')) return [];
    return {
      group,
      version,
      resource,
      kind: textOf(entry['kind']) ?? '',
      singular: textOf(entry['singularName']) ?? '',
      isNamespaced: entry['namespaced'] === true,
      shortNames: textsOf(entry['shortNames']),
      categories: textsOf(entry['categories']),
      verbs: textsOf(entry['verbs']),
      subresources: (subresources.get(resource) ?? []).map((item) =>
        readSubresource(item, resource, { group, version }),
      ),
      isPreferredVersion,
    };
  });
}

function readSubresource(
  entry: UntypedRecord,
  resource: string,
  own: { readonly group: string; readonly version: string },
): ApiSubresource {
  const kind = textOf(entry['kind']);
  // Group and version are only given where they differ from the list's (`scale` is autoscaling/v1).
  const given = textOf(entry['version']);
  const { group, version } = given
    ? parseApiVersion(toApiVersion({ group: textOf(entry['group']) ?? '', version: given }))
    : own;
  return {
    name: (textOf(entry['name']) ?? '').slice(resource.length + 1),
    kind: kind ? { group, version, kind } : undefined,
    verbs: textsOf(entry['verbs']),
  };
}
