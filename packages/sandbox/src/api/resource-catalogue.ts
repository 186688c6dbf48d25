import type { ResourceDefinition } from './resource-definition.ts';

/** One group with its served versions, the preferred one first. */
export interface ServedGroup {
  readonly name: string;
  readonly versions: readonly { readonly version: string; readonly resources: readonly ResourceDefinition[] }[];
}

/** Every resource the server answers for: the built-in ones and those of custom resource definitions. */
export interface ResourceCatalogue {
  /** Counts changes: a cache key for discovery and OpenAPI documents. */
  readonly generation: number;
  find(group: string, version: string, plural: string): ResourceDefinition | undefined;
  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined;
  /** Any served version of a stored resource, the preferred version first. */
  ofStorage(storage: string): readonly ResourceDefinition[];
  /** All groups: the core group first, built-in ones in their order, then custom ones by name. */
  groups(): readonly ServedGroup[];
  all(): readonly ResourceDefinition[];
  /** Replaces the resources a custom resource definition serves; an empty list removes them. */
  setCustom(crdName: string, definitions: readonly ResourceDefinition[]): void;
}

/** Creates the catalogue. */
export function createResourceCatalogue(builtIn: readonly ResourceDefinition[]): ResourceCatalogue {
  const custom = new Map<string, readonly ResourceDefinition[]>();
  let generation = 0;
  let index = buildIndex(builtIn);

  return {
    get generation() {
      return generation;
    },
    find: (group, version, plural) => index.byPlural.get(`${group}/${version}/${plural}`),
    findKind: (group, version, kind) => index.byKind.get(`${group}/${version}/${kind}`),
    ofStorage: (storage) => index.byStorage.get(storage) ?? [],
    groups: () => index.groups,
    all: () => index.all,
    setCustom(crdName, definitions) {
      if (definitions.length === 0) {
        custom.delete(crdName);
      } else {
        custom.set(crdName, definitions);
      }
      generation += 1;
      const sorted = [...custom.entries()].sort(([left], [right]) => (left < right ? -1 : 1));
      index = buildIndex([...builtIn, ...sorted.flatMap(([, list]) => list)]);
    },
  };
}

interface CatalogueIndex {
  readonly all: readonly ResourceDefinition[];
  readonly byPlural: ReadonlyMap<string, ResourceDefinition>;
  readonly byKind: ReadonlyMap<string, ResourceDefinition>;
  readonly byStorage: ReadonlyMap<string, readonly ResourceDefinition[]>;
  readonly groups: readonly ServedGroup[];
}

function buildIndex(all: readonly ResourceDefinition[]): CatalogueIndex {
  const byPlural = new Map<string, ResourceDefinition>();
  const byKind = new Map<string, ResourceDefinition>();
  const byStorage = new Map<string, ResourceDefinition[]>();
  const byGroup = new Map<string, Map<string, ResourceDefinition[]>>();
  for (const definition of all) {
    const { group, version, plural, kind, storage } = definition;
    byPlural.set(`${group}/${version}/${plural}`, definition);
    byKind.set(`${group}/${version}/${kind}`, definition);
    const versions = getOrAdd(byGroup, group, () => new Map<string, ResourceDefinition[]>());
    getOrAdd(versions, version, () => []).push(definition);
    getOrAdd(byStorage, storage, () => []).push(definition);
  }
  for (const list of byStorage.values()) {
    list.sort((left, right) => compareVersions(left.version, right.version));
  }
  const groups = [...byGroup.entries()].map(([name, versions]) => ({
    name,
    versions: [...versions.entries()]
      .sort(([left], [right]) => compareVersions(left, right))
      .map(([version, resources]) => ({ version, resources })),
  }));
  return { all, byPlural, byKind, byStorage, groups };
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** Kubernetes' order of versions: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name. */
function compareVersions(left: string, right: string): number {
  const leftRank = rankOf(left);
  const rightRank = rankOf(right);
  for (const [index, rank] of leftRank.entries()) {
    const difference = (rightRank[index] ?? 0) - rank;
    if (difference !== 0) {
      return difference;
    }
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

function rankOf(version: string): readonly number[] {
  const match = /^v(\d{1,9})(?:(alpha|beta)(\d{1,9}))?$/.exec(version);
  if (match === null) {
    return [0, 0, 0];
  }
  const stability = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
  return [stability, Number(match[1]), Number(match[3] ?? 0)];
}
