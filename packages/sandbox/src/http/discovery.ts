import { createHash } from 'node:crypto';
import type { ResourceCatalogue, ServedGroup } from '../api/resource-catalogue.ts';
import type { ResourceDefinition, SubresourceDefinition } from '../api/resource-definition.ts';
import { apiVersionOf } from '../api/resource-definition.ts';
import type { JsonObject } from '../store/json-value.ts';

/** `GET /api`. */
export function legacyApiVersions(address: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

/** `GET /apis`. */
export function apiGroupList(catalogue: ResourceCatalogue): JsonObject {
  const groups = catalogue.groups().filter(({ name }) => name !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupBody(group)) };
}

/** `GET /apis/<group>`; undefined for an unknown group. */
export function apiGroup(catalogue: ResourceCatalogue, name: string): JsonObject | undefined {
  const group = catalogue.groups().find((candidate) => candidate.name === name && name !== '');
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) };
}

function groupBody({ name, versions }: ServedGroup): JsonObject {
  const list = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group: name, version }), version }));
  return { name, versions: list, ...(list[0] === undefined ? {} : { preferredVersion: list[0] }) };
}

/** `GET /api/v1`, `GET /apis/<group>/<version>`; undefined for an unknown version. */
export function apiResourceList(catalogue: ResourceCatalogue, group: string, version: string): JsonObject | undefined {
  const resources = resourcesOf(catalogue, group, version);
  if (resources === undefined) {
    return undefined;
  }
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: resources.flatMap((definition) => [
      resourceEntry(definition),
      ...definition.subresources.map((subresource) => subresourceEntry(definition, subresource)),
    ]),
  };
}

function resourcesOf(
  catalogue: ResourceCatalogue,
  group: string,
  version: string,
): readonly ResourceDefinition[] | undefined {
  const served = catalogue.groups().find(({ name }) => name === group);
  return served?.versions.find((candidate) => candidate.version === version)?.resources;
}

function resourceEntry(definition: ResourceDefinition): JsonObject {
  const { plural, singular, namespaced, kind, shortNames, categories } = definition;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: discoveryVerbs(definition),
    ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
    ...(categories.length === 0 ? {} : { categories: [...categories] }),
    ...(definition.verbs.includes('list') ? { storageVersionHash: storageVersionHash(definition) } : {}),
  };
}

/** Custom resources list their verbs in the order of their handler. */
function discoveryVerbs(definition: ResourceDefinition): string[] {
  return definition.custom === undefined
    ? [...definition.verbs]
    : ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
}

function storageVersionHash({ group, version, kind, custom }: ResourceDefinition): string {
  const text = `${group}/${custom?.storageVersion ?? version}/${kind}`;
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64');
}

function subresourceEntry(definition: ResourceDefinition, subresource: SubresourceDefinition): JsonObject {
  return {
    name: `${definition.plural}/${subresource.name}`,
    singularName: '',
    namespaced: definition.namespaced,
    ...(subresource.group === undefined ? {} : { group: subresource.group, version: subresource.version ?? 'v1' }),
    kind: subresource.kind,
    verbs: [...subresource.verbs],
  };
}

/** The aggregated form of `/api` (core group) or `/apis` (all others). */
export function aggregatedDiscovery(catalogue: ResourceCatalogue, core: boolean, version: string): JsonObject {
  const groups = catalogue.groups().filter(({ name }) => (name === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: name === '' ? {} : { name },
      versions: versions.map((served) => ({
        version: served.version,
        resources: served.resources.map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(definition: ResourceDefinition): JsonObject {
  const { group, version, kind, plural, singular, namespaced, shortNames, categories, subresources } = definition;
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: discoveryVerbs(definition),
    ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
    ...(categories.length === 0 ? {} : { categories: [...categories] }),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map((subresource) => ({
            subresource: subresource.name,
            responseKind: {
              group: subresource.group ?? group,
              version: subresource.version ?? version,
              kind: subresource.kind,
            },
            verbs: [...subresource.verbs],
          })),
        }),
  };
}
