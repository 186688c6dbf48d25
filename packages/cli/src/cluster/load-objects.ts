import { type ApiResource, isKubeError, type KubeClient, type KubernetesObject } from '@vouchsafe/kube';

/** One object and what the cluster said to it. */
export interface LoadedObject {
  /** `deployment.apps/web`, or `Kind/name` for a kind the cluster does not know. */
  readonly title: string;
  /** Why it was refused; absent when it was applied. */
  readonly problem?: string;
}

const FIELD_MANAGER = 'vouchsafe-sandbox';
const DEFAULT_NAMESPACE = 'default';
const ESTABLISHED_MS = 20_000;
const POLL_MS = 50;
const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;

/** What other objects need to be there, in this order; all else keeps the order of the files after it. */
const FIRST = [
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'StorageClass',
  'ResourceQuota',
  'LimitRange',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
] as const;

/** Namespaces first, then definitions, then what workloads refer to, then the rest; ties keep their order. */
export function inLoadOrder(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const rank = ({ kind }: KubernetesObject): number => {
    const at = (FIRST as readonly string[]).indexOf(kind);
    return at === -1 ? FIRST.length : at;
  };
  return objects.toSorted((one, other) => rank(one) - rank(other));
}

/**
 * Applies every object (server-side, taking over fields), waiting for definitions before anything of their kinds. A
 * refused object does not keep the others from being tried.
 */
export async function loadObjects(
  client: KubeClient,
  objects: readonly KubernetesObject[],
  onObject: (loaded: LoadedObject) => void,
): Promise<void> {
  const awaited: string[] = [];
  for (const object of inLoadOrder(objects)) {
    const isDefinition = object.kind === 'CustomResourceDefinition';
    if (!isDefinition && awaited.length > 0) {
      await whenEstablished(client, awaited.splice(0));
      client.discovery.invalidate();
    }
    const loaded = await loadObject(client, object);
    if (isDefinition && loaded.problem === undefined) awaited.push(object.metadata.name ?? '');
    onObject(loaded);
  }
  if (awaited.length > 0) await whenEstablished(client, awaited);
}

async function loadObject(client: KubeClient, object: KubernetesObject): Promise<LoadedObject> {
  const { apiVersion, kind, metadata } = object;
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const name = metadata.name ?? metadata.generateName ?? '';
  const resource = await client.discovery.findKind({ group, version, kind });
  if (!resource) {
    return { title: `${kind}/${name}`, problem: `the cluster has no kind ${kind} in ${apiVersion}` };
  }
  const title = `${resource.singular}${group ? `.${group}` : ''}/${name}`;
  try {
    await write(client, resource, object);
    return { title };
  } catch (error) {
    if (!isKubeError(error)) throw error;
    return { title, problem: error.message };
  }
}

async function write(client: KubeClient, resource: ApiResource, object: KubernetesObject): Promise<void> {
  const { name, namespace = DEFAULT_NAMESPACE } = object.metadata;
  const target = resource.isNamespaced ? { namespace } : {};
  if (name === undefined) {
    await client.create(resource, object, target, { fieldManager: FIELD_MANAGER });
    return;
  }
  // exported objects carry what belongs to the cluster they came from
  const { managedFields: _, resourceVersion: __, uid: ___, creationTimestamp: ____, ...metadata } = object.metadata;
  const applied = { ...object, metadata };
  await client.patch(resource, { ...target, name }, 'apply', applied, { fieldManager: FIELD_MANAGER, force: true });
}

async function whenEstablished(client: KubeClient, names: readonly string[]): Promise<void> {
  const deadline = performance.now() + ESTABLISHED_MS;
  for (const name of names) {
    while (!isEstablished(await client.get(DEFINITIONS, { name })) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function isEstablished({ status }: KubernetesObject): boolean {
  const { conditions = [] } = (status ?? {}) as {
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  }; // the API's own shape
  return conditions.some((condition) => condition.type === 'Established' && condition.status === 'True');
}
