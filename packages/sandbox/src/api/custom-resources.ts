import type { JsonObject } from '../store/json-value.ts';
import { equalJson, memberAt, objectAt, objectsAt, stringAt, stringsAt } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import type { Cluster } from './cluster.ts';
import { nameOf, timestamp } from './object-metadata.ts';
import type { ResourceDefinition, SubresourceDefinition } from './resource-definition.ts';

/** Where custom resource definitions live. */
export const CRD_STORAGE = 'customresourcedefinitions.apiextensions.k8s.io';

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const PART_VERBS = ['get', 'patch', 'update'];

/** Follows the stored definitions: serves their resources, sets their conditions, empties removed ones. */
export function startCustomResources(cluster: Cluster): { stop(): void } {
  const compiled = new Map<string, JsonObject>();

  function refresh(stored: StoredObject): void {
    const spec = objectAt(stored.object, 'spec') ?? {};
    if (!equalJson(compiled.get(stored.name), spec)) {
      compiled.set(stored.name, spec);
      cluster.store.open(storageOf(stored.object));
      cluster.catalogue.setCustom(stored.name, definitionsOf(cluster, stored.object));
    }
    establish(cluster, stored);
  }

  for (const stored of cluster.store.list(CRD_STORAGE)) {
    refresh(stored);
  }
  return cluster.store.subscribe(CRD_STORAGE, ({ type, current }) => {
    if (type === 'DELETED') {
      compiled.delete(current.name);
      removeObjects(cluster, current);
      cluster.catalogue.setCustom(current.name, []);
      return;
    }
    refresh(current);
  });
}

/** Storage name of a definition's objects. */
export function storageOf(crd: JsonObject): string {
  const spec = objectAt(crd, 'spec');
  return `${stringAt(objectAt(spec, 'names'), 'plural')}.${stringAt(spec, 'group')}`;
}

function removeObjects(cluster: Cluster, crd: StoredObject): void {
  const storage = storageOf(crd.object);
  for (const stored of cluster.store.list(storage)) {
    cluster.store.remove(stored);
  }
  cluster.store.drop(storage);
}

/** Conditions and accepted names, as the naming and establishing controllers set them. */
function establish(cluster: Cluster, stored: StoredObject): void {
  const { object } = stored;
  const names = objectAt(objectAt(object, 'spec'), 'names') ?? {};
  const status = objectAt(object, 'status') ?? {};
  const stable = equalJson(objectAt(status, 'acceptedNames'), names) && objectsAt(status, 'conditions').length > 0;
  if (stable) {
    return;
  }
  const versions = objectsAt(objectAt(object, 'spec'), 'versions');
  const storageVersion = versions.find((version) => version['storage'] === true);
  const known = stringsAt(status, 'storedVersions');
  const stored1 = stringAt(storageVersion, 'name');
  const now = timestamp(cluster.now());
  const conditions = [
    {
      type: 'NamesAccepted',
      status: 'True',
      lastTransitionTime: now,
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
    {
      type: 'Established',
      status: 'True',
      lastTransitionTime: now,
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    },
  ];
  const next = {
    conditions,
    acceptedNames: names,
    storedVersions: known.includes(stored1) || stored1 === '' ? known : [...known, stored1],
  };
  // Later than the write that brought it, so that listeners see changes in order.
  queueMicrotask(() => {
    const current = cluster.store.get(stored.storage, stored.namespace, stored.name);
    if (current === stored) {
      cluster.store.update(current, { ...tracked(cluster, object, { ...object, status: next }), status: next });
    }
  });
}

function tracked(cluster: Cluster, before: JsonObject, after: JsonObject): JsonObject {
  return cluster.schema.updateManagedFields({
    before,
    after,
    kind: { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' },
    schema: undefined,
    manager: 'apiextensions-apiserver',
    subresource: 'status',
    now: cluster.now(),
  });
}

/** The resources of a definition, one per served version. */
function definitionsOf(cluster: Cluster, crd: JsonObject): ResourceDefinition[] {
  const spec = objectAt(crd, 'spec');
  const names = objectAt(spec, 'names');
  const group = stringAt(spec, 'group');
  const plural = stringAt(names, 'plural');
  const kind = stringAt(names, 'kind');
  const versions = objectsAt(spec, 'versions');
  const storageVersion = stringAt(
    versions.find((version) => version['storage'] === true),
    'name',
  );
  return versions
    .filter((version) => version['served'] === true)
    .map((version) => {
      const subresources = objectAt(version, 'subresources');
      const hasStatus = memberAt(subresources, 'status') !== undefined;
      const scale = objectAt(subresources, 'scale');
      const columns = objectsAt(version, 'additionalPrinterColumns');
      return {
        group,
        version: stringAt(version, 'name'),
        kind,
        listKind: stringAt(names, 'listKind') || `${kind}List`,
        plural,
        singular: stringAt(names, 'singular') || kind.toLowerCase(),
        namespaced: stringAt(spec, 'scope') === 'Namespaced',
        shortNames: stringsAt(names, 'shortNames'),
        categories: stringsAt(names, 'categories'),
        verbs: ALL_VERBS,
        subresources: partsOf(kind, hasStatus, scale !== undefined),
        storage: `${plural}.${group}`,
        custom: {
          crdName: nameOf(crd),
          schema: cluster.schema.compileCustomResourceSchema(crd, version),
          openApiSchema: objectAt(objectAt(version, 'schema'), 'openAPIV3Schema') ?? {},
          hasStatus,
          scale:
            scale === undefined
              ? undefined
              : {
                  specPath: stringAt(scale, 'specReplicasPath'),
                  statusPath: stringAt(scale, 'statusReplicasPath'),
                  selectorPath: stringAt(scale, 'labelSelectorPath'),
                },
          printerColumns: columns,
          selectableFields: objectsAt(version, 'selectableFields').map((field) => stringAt(field, 'jsonPath')),
          storageVersion,
        },
      };
    });
}

function partsOf(kind: string, hasStatus: boolean, hasScale: boolean): SubresourceDefinition[] {
  return [
    ...(hasStatus ? [{ name: 'status', kind, verbs: PART_VERBS }] : []),
    ...(hasScale ? [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: PART_VERBS }] : []),
  ];
}
