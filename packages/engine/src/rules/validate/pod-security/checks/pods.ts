import { memberAt } from '../../../../kernel/json.ts';
import { type Finding, findingOf, forbidden, type PodCheck } from '../finding.ts';
import { itemsAt, textAt } from '../pod.ts';

/** A finding of fields of the Pod alone: reports name no images for it. */
export const hostNamespaces: PodCheck = ({ spec }) =>
  findingOf(
    'host namespaces',
    ['hostNetwork', 'hostPID', 'hostIPC']
      .filter((name) => memberAt(spec, name) === true)
      .map((name) => forbidden(`spec.${name}`, true)),
  );

export const hostPathVolumes: PodCheck = ({ spec }) =>
  findingOf(
    'hostPath volumes',
    itemsAt(spec, 'volumes').flatMap((volume, index) => {
      if ((memberAt(volume, 'hostPath') ?? null) === null) return [];
      return [forbidden(`spec.volumes[${index}].hostPath`, textAt(volume, 'hostPath', 'path'))];
    }),
  );

const ALLOWED_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** In upstream's order: the first that is there names the volume. */
const RESTRICTED_VOLUMES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
];

export const restrictedVolumes: PodCheck = ({ spec }) =>
  findingOf(
    'restricted volume types',
    itemsAt(spec, 'volumes').flatMap((volume, index) => {
      const has = (type: string) => (memberAt(volume, type) ?? null) !== null;
      if (ALLOWED_VOLUMES.some(has)) return [];
      return [forbidden(`spec.volumes[${index}].${RESTRICTED_VOLUMES.find(has) ?? 'unknown'}`)];
    }),
  );

const SYSCTLS_1_0 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const SYSCTLS_1_27 = [...SYSCTLS_1_0, 'net.ipv4.ip_local_reserved_ports'];
const SYSCTLS_1_29 = [
  ...SYSCTLS_1_27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const SYSCTLS_1_32 = [...SYSCTLS_1_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

export const sysctls = {
  v1_0: sysctlsBeyond(SYSCTLS_1_0),
  v1_27: sysctlsBeyond(SYSCTLS_1_27),
  v1_29: sysctlsBeyond(SYSCTLS_1_29),
  v1_32: sysctlsBeyond(SYSCTLS_1_32),
};

function sysctlsBeyond(allowed: readonly string[]): PodCheck {
  return ({ spec }): Finding | undefined =>
    findingOf(
      'forbidden sysctls',
      itemsAt(spec, 'securityContext', 'sysctls').flatMap((sysctl, index) => {
        const name = textAt(sysctl, 'name');
        return allowed.includes(name) ? [] : [forbidden(`spec.securityContext.sysctls[${index}].name`, name)];
      }),
    );
}
