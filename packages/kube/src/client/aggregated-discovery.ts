import { recordOf, recordsOf, textOf, textsOf, type UntypedRecord } from '../model/untyped.ts';
import type { ApiResource, ApiSubresource } from './api-resource.ts';

/** Asks for the aggregated form, newest first, and falls back to the plain one. */
export const discoveryAccept = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

export interface DiscoveredResources {
  readonly resources: readonly ApiResource[];
  /** Group versions that could not be asked just now; their resources are unknown, not absent. */
  readonly failedGroupVersions: readonly { readonly group: string; readonly version: string }[];
}

export function isAggregatedDiscovery(document: UntypedRecord): boolean {
  return document['kind'] === 'APIGroupDiscoveryList';
}

/** Reads an APIGroupDiscoveryList (apidiscovery.k8s.io/v2 or v2beta1). */
export function readAggregatedDiscovery(document: UntypedRecord): DiscoveredResources {
  const resources: ApiResource[] = [];
  const failedGroupVersions: { group: string; version: string }[] = [];
  for (const item of recordsOf(document['items'])) {
    const group = textOf(recordOf(item['metadata'])['name']) ?? '';
    recordsOf(item['versions']).forEach((entry, index) => {
      const version = textOf(entry['version']) ?? '';
      const served = recordsOf(entry['resources']);
      // A stale entry still lists what was known before; an empty one says nothing.
      if (entry['freshness'] === 'Stale' && served.length === 0) failedGroupVersions.push({ group, version });
      for (const resource of served) resources.push(readResource(resource, group, version, index === 0));
    });
  }
  return { resources, failedGroupVersions };
}

function readResource(entry: UntypedRecord, group: string, version: string, isPreferredVersion: boolean): ApiResource {
  return {
    group,
    version,
    resource: textOf(entry['resource']) ?? '',
    kind: textOf(recordOf(entry['responseKind'])['kind']) ?? '',
    singular: textOf(entry['singularResource']) ?? '',
    isNamespaced: entry['scope'] === 'Namespaced',
    shortNames: textsOf(entry['shortNames']),
    categories: textsOf(entry['categories']),
    verbs: textsOf(entry['verbs']),
    subresources: recordsOf(entry['subresources']).map((subresource) => readSubresource(subresource, group, version)),
    isPreferredVersion,
  };
}

function readSubresource(entry: UntypedRecord, group: string, version: string): ApiSubresource {
  const response = recordOf(entry['responseKind']);
  const kind = textOf(response['kind']);
  return {
    name: textOf(entry['subresource']) ?? '',
    kind: kind
      ? { group: textOf(response['group']) || group, version: textOf(response['version']) || version, kind }
      : undefined,
    verbs: textsOf(entry['verbs']),
  };
}
