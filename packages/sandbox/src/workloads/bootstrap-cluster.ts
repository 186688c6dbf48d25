import type { Cluster } from '../api/cluster.ts';
import { typedObject } from '../api/decode-body.ts';
import { timestamp, withMetadata } from '../api/object-metadata.ts';
import { apiVersionOf } from '../api/resource-definition.ts';
import { standardRoles } from '../authorization/standard-roles.ts';
import type { JsonObject } from '../store/json-value.ts';
import { isJsonObject } from '../store/json-value.ts';

/** Name of the one node pods run on. */
export const NODE_NAME = 'sandbox-node';
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** Puts in place what every cluster starts with. Objects that exist already are left alone. */
export function bootstrapCluster(cluster: Cluster, caPem: string): void {
  for (const name of NAMESPACES) {
    add(cluster, '', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    addNamespaceContents(cluster, name, caPem);
  }
  add(cluster, 'default', kubernetesService());
  for (const [name, value] of [
    ['system-node-critical', 2_000_001_000],
    ['system-cluster-critical', 2_000_000_000],
  ] as const) {
    add(cluster, '', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value,
      description: 'Used for system critical pods.',
    });
  }
  add(cluster, '', nodeObject(cluster));
  for (const role of standardRoles()) {
    add(cluster, '', role);
  }
}

/** The default ServiceAccount and the authority's certificate, as controllers put them into each namespace. */
export function addNamespaceContents(cluster: Cluster, namespace: string, caPem: string): void {
  add(cluster, namespace, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
  add(cluster, namespace, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'kube-root-ca.crt',
      namespace,
      annotations: {
        'kubernetes.io/description':
          'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
      },
    },
    data: { 'ca.crt': caPem },
  });
}

function add(cluster: Cluster, namespace: string, object: JsonObject): void {
  const apiVersion = String(object['apiVersion']);
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const definition = cluster.catalogue.findKind(group ?? '', version ?? '', String(object['kind']));
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  if (definition === undefined) {
    throw new Error(`no resource for ${apiVersion}`);
  }
  const typed = typedObject(cluster, definition, { ...object, apiVersion: apiVersionOf(definition) });
  const named = withMetadata(
    typed,
    { uid: crypto.randomUUID(), creationTimestamp: timestamp(cluster.now()), resourceVersion: '' },
    false,
  );
  cluster.store.create(definition.storage, namespace, String(metadata['name']), named);
}

function kubernetesService(): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
    },
  };
}

function nodeObject(cluster: Cluster): JsonObject {
  const now = timestamp(cluster.now());
  const resources = { cpu: '8', memory: '16Gi', pods: '110', 'ephemeral-storage': '100Gi' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: NODE_NAME,
      labels: {
        'kubernetes.io/hostname': NODE_NAME,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node-role.kubernetes.io/control-plane': '',
      },
    },
    spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: NODE_NAME },
      ],
      nodeInfo: {
        machineID: 'sandbox',
        systemUUID: 'sandbox',
        bootID: 'sandbox',
        kernelVersion: '6.0.0',
        osImage: 'Vouchsafe sandbox',
        containerRuntimeVersion: 'containerd://2.0.0',
        kubeletVersion: 'v1.36.4',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  };
}
