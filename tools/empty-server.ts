import {
  createKubeClient,
  ignoreNotFound,
  isKubeError,
  type KubeClient,
  loadClusterConnection,
  resourcePath,
} from '@vouchsafe/kube';

/** Clusters have these by themselves; their objects come back or are needed. */
const KEPT = new Set(['serviceaccounts', 'endpoints', 'endpointslices', 'events', 'controllerrevisions']);
const GONE_MS = 30_000;
const POLL_MS = 200;
const KEPT_NAMESPACES = /^(?:default|kube-.*)$/;
/** What a scenario makes besides namespaced objects; the first of them so that nothing refuses the rest. */
const CLUSTER_SCOPED = [
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'clusterpolicies',
  'clusterpolicyreports',
  'clusterrolebindings',
  'clusterroles',
];
const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;
const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces' } as const;

/** Takes away what a scenario left on a server: admission, policies, definitions, namespaces, everything in `default`. */
export async function emptyServer(kubeconfig: string): Promise<void> {
  const connection = await loadClusterConnection({ kubeconfig });
  if (!connection.ok) throw new Error(connection.message);
  const client = createKubeClient(connection.value, { userAgent: 'vouchsafe-e2e', queriesPerSecond: 0 });
  try {
    await empty(client);
  } finally {
    await client.close();
  }
}

async function empty(client: KubeClient): Promise<void> {
  const resources = await client.discovery.resources();
  const removeAll = async (resource: (typeof resources)[number], namespace?: string): Promise<void> => {
    // roles that a cluster makes for itself carry this label
    const query = { labelSelector: '!kubernetes.io/bootstrapping' };
    const path = resourcePath(resource, namespace === undefined ? {} : { namespace }, query);
    await client.raw(path, { method: 'DELETE' }).catch((error: unknown) => {
      if (!isKubeError(error)) throw error; // a kind that does not let go of its objects
    });
  };
  for (const name of CLUSTER_SCOPED) {
    const resource = resources.find((item) => item.resource === name && !item.isNamespaced);
    if (resource) await removeAll(resource);
  }
  await removeDefinitions(client, resources);
  const namespaced = resources.filter((item) => item.isNamespaced && item.verbs.includes('deletecollection'));
  for (const resource of namespaced) if (!KEPT.has(resource.resource)) await removeAll(resource, 'default');
  for (const namespace of ['kube-system', 'kube-public']) {
    for (const name of ['pods', 'configmaps']) {
      const resource = resources.find((item) => item.resource === name && item.group === '');
      if (resource) await removeAll(resource, namespace);
    }
  }
  const left = async () => (await namesOf(client, NAMESPACES)).filter((name) => !KEPT_NAMESPACES.test(name));
  for (const name of await left()) await ignoreNotFound(client.delete(NAMESPACES, { name }));
  await waitUntilNone('namespaces', left);
}

/** Objects first: those of a definition that goes before them have been seen to stay, and to come back with it. */
async function removeDefinitions(
  client: KubeClient,
  resources: Awaited<ReturnType<KubeClient['discovery']['resources']>>,
): Promise<void> {
  const defined = new Set(await namesOf(client, DEFINITIONS));
  for (const resource of resources) {
    if (!defined.has(`${resource.resource}.${resource.group}`)) continue;
    for (const { metadata } of (await client.list(resource)).items) {
      const { name = '', namespace } = metadata;
      await ignoreNotFound(client.delete(resource, namespace === undefined ? { name } : { name, namespace }));
    }
  }
  for (const name of defined) await ignoreNotFound(client.delete(DEFINITIONS, { name }));
  await waitUntilNone('definitions', () => namesOf(client, DEFINITIONS));
}

async function namesOf(client: KubeClient, resource: typeof DEFINITIONS | typeof NAMESPACES): Promise<string[]> {
  return (await client.list(resource)).items.map(({ metadata }) => metadata.name ?? '');
}

async function waitUntilNone(what: string, left: () => Promise<string[]>): Promise<void> {
  const deadline = performance.now() + GONE_MS;
  for (let names = await left(); names.length > 0; names = await left()) {
    if (performance.now() > deadline) throw new Error(`the server still has ${what}: ${names.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
