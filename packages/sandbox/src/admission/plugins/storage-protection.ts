import type { Cluster } from '../../api/cluster.ts';
import { finalizersOf, withMetadata } from '../../api/object-metadata.ts';
import { objectAt, stringAt } from '../../store/json-value.ts';
import type { AdmissionPlugin } from '../admission-plugin.ts';
import { isFor } from '../admission-plugin.ts';

const FINALIZERS: ReadonlyMap<string, string> = new Map([
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
]);
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** Volumes in use cannot vanish; claims without a class get the default one. */
export function storageProtection(cluster: Cluster): AdmissionPlugin {
  return {
    name: 'StorageObjectInUseProtection',
    mutate(attributes) {
      const { object, definition } = attributes;
      const finalizer = FINALIZERS.get(definition.storage);
      if (object === undefined || finalizer === undefined || !isFor(attributes, definition.storage, 'CREATE')) {
        return object;
      }
      const finalizers = finalizersOf(object);
      const kept = finalizers.includes(finalizer) ? finalizers : [...finalizers, finalizer];
      const guarded = withMetadata(object, { finalizers: kept }, false);
      const spec = objectAt(guarded, 'spec') ?? {};
      const defaultClass = defaultStorageClass(cluster);
      return definition.storage === 'persistentvolumeclaims' &&
        spec['storageClassName'] === undefined &&
        defaultClass !== undefined
        ? { ...guarded, spec: { ...spec, storageClassName: defaultClass } }
        : guarded;
    },
  };
}

function defaultStorageClass(cluster: Cluster): string | undefined {
  const isDefault = (object: Parameters<typeof objectAt>[0]): boolean =>
    stringAt(objectAt(objectAt(object, 'metadata'), 'annotations'), DEFAULT_CLASS) === 'true';
  return cluster.store.list('storageclasses.storage.k8s.io').find(({ object }) => isDefault(object))?.name;
}
