import type { Cluster } from '../../api/cluster.ts';
import { randomSuffix } from '../../api/object-metadata.ts';
import { forbidden } from '../../api/status-error.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { listAt, memberAt, objectAt, objectsAt, stringAt } from '../../store/json-value.ts';
import type { AdmissionPlugin } from '../admission-plugin.ts';
import { isFor } from '../admission-plugin.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';

/** Gives pods their service account, its pull secrets and the token volume. */
export function serviceAccount(cluster: Cluster): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    mutate(attributes) {
      const { object, namespace } = attributes;
      if (object === undefined || !isFor(attributes, 'pods', 'CREATE') || isMirrorPod(object)) {
        return object;
      }
      const spec = objectAt(object, 'spec') ?? {};
      const name = stringAt(spec, 'serviceAccountName') || 'default';
      const account = cluster.store.get('serviceaccounts', namespace, name)?.object;
      if (account === undefined) {
        throw forbidden(
          { group: '', plural: 'pods' },
          attributes.name,
          `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
        );
      }
      return { ...object, spec: withAccount(spec, name, account) };
    },
  };
}

function isMirrorPod(object: JsonObject): boolean {
  return stringAt(objectAt(objectAt(object, 'metadata'), 'annotations'), 'kubernetes.io/config.mirror') !== '';
}

function withAccount(spec: JsonObject, name: string, account: JsonObject): JsonObject {
  const pullSecrets = listAt(account, 'imagePullSecrets');
  const named: JsonObject = {
    ...spec,
    serviceAccountName: name,
    serviceAccount: name,
    ...(listAt(spec, 'imagePullSecrets').length === 0 && pullSecrets.length > 0
      ? { imagePullSecrets: [...pullSecrets] }
      : {}),
  };
  const automount =
    memberAt(spec, 'automountServiceAccountToken') ?? memberAt(account, 'automountServiceAccountToken') ?? true;
  return automount === false ? named : withToken(named);
}

function withToken(spec: JsonObject): JsonObject {
  const volumes = objectsAt(spec, 'volumes');
  const existing = volumes.find((volume) => stringAt(volume, 'name').startsWith(VOLUME_PREFIX));
  const volumeName = existing === undefined ? `${VOLUME_PREFIX}${randomSuffix(5)}` : stringAt(existing, 'name');
  let mounted = false;
  const mount = (container: JsonObject): JsonObject => {
    const mounts = objectsAt(container, 'volumeMounts');
    if (mounts.some((item) => stringAt(item, 'mountPath') === MOUNT_PATH)) {
      return container;
    }
    mounted = true;
    return { ...container, volumeMounts: [...mounts, { name: volumeName, readOnly: true, mountPath: MOUNT_PATH }] };
  };
  const initContainers = objectsAt(spec, 'initContainers').map(mount);
  const containers = objectsAt(spec, 'containers').map(mount);
  return {
    ...spec,
    ...(initContainers.length === 0 ? {} : { initContainers }),
    containers,
    ...(existing === undefined && mounted ? { volumes: [...volumes, tokenVolume(volumeName)] } : {}),
  };
}

function tokenVolume(name: string): JsonObject {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 420,
    },
  };
}
