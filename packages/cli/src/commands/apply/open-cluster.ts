import { combineSources, type FactSource } from '@vouchsafe/engine/facts';
import { matchWildcard } from '@vouchsafe/engine/kernel';
import {
  type ApiResource,
  createKubeClient,
  type KubeClient,
  type KubernetesObject,
  loadClusterConnection,
} from '@vouchsafe/kube';
import { createClusterFacts } from '@vouchsafe/operator';
import { jsonOf } from '../../cluster/json-of.ts';
import type { RunnablePolicy } from '../../evaluation/evaluate-resource.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import type { KindTable } from '../../inputs/kind-table.ts';
import { textMapAt } from '../../inputs/read-fields.ts';
import { type InputResource, toResource } from '../../inputs/resources.ts';
import type { ClusterSettings } from './apply-settings.ts';

/** The cluster that `--cluster` means, read with the rights of its user. */
export interface AppliedCluster {
  readonly count: number;
  /** With names given, only objects of these names; a name that is not there is a problem. */
  readonly resources: (names: readonly string[]) => AsyncIterable<InputResource>;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  /** The local source with the cluster before it. */
  readonly facts: (local: FactSource) => FactSource;
  readonly close: () => Promise<void>;
}

/** Lists what the policies are about. Throws `InputProblem` when the cluster cannot be read. */
export async function openCluster(
  settings: ClusterSettings,
  policies: readonly RunnablePolicy[],
  kinds: KindTable,
): Promise<AppliedCluster> {
  const { kubeconfig, context } = settings;
  const connection = await loadClusterConnection({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  if (!connection.ok) throw new InputProblem(connection.message);
  const client = createKubeClient(connection.value, { userAgent: 'vouchsafe-cli' });
  try {
    const objects = await listAll(client, settings, policies);
    const labels = await readNamespaceLabels(client);
    return {
      count: objects.length,
      resources: (names) => select(objects, names, kinds),
      namespaceLabels: (namespace) => labels.get(namespace) ?? {},
      facts: (local) => combineSources([createClusterFacts(client), local]),
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw new InputProblem(`failed to load resources (${reasonOf(error)})`);
  }
}

async function listAll(
  client: KubeClient,
  { namespace, clusterWide, pageSize }: ClusterSettings,
  policies: readonly RunnablePolicy[],
): Promise<readonly KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  for (const resource of await wantedResources(client, policies)) {
    if (namespace !== '' && !resource.isNamespaced && !clusterWide) continue;
    const scope = namespace !== '' && resource.isNamespaced ? { namespace } : {};
    const { items } = await client.list(resource, { ...scope, pageSize, transform: withoutManagedFields });
    objects.push(...items);
  }
  return objects;
}

function withoutManagedFields(object: KubernetesObject): KubernetesObject {
  const { managedFields: _managed, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** The listable resources that some policy selects, each in its preferred version. */
async function wantedResources(
  client: KubeClient,
  policies: readonly RunnablePolicy[],
): Promise<readonly ApiResource[]> {
  const selectors = policies.flatMap(({ compiled }) => compiled.selectors);
  return (await client.discovery.resources()).filter(
    ({ group, version, kind, verbs, isPreferredVersion }) =>
      isPreferredVersion &&
      verbs.includes('list') &&
      verbs.includes('get') &&
      selectors.some(
        (selector) =>
          matchWildcard(selector.kind, kind) &&
          matchWildcard(selector.group, group) &&
          matchWildcard(selector.version, version),
      ),
  );
}

async function readNamespaceLabels(client: KubeClient): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const { items } = await client.list({ group: '', version: 'v1', resource: 'namespaces' }, { metadataOnly: true });
  return new Map(items.map((item) => [item.metadata.name ?? '', textMapAt(jsonOf(item), 'metadata', 'labels')]));
}

async function* select(
  objects: readonly KubernetesObject[],
  names: readonly string[],
  kinds: KindTable,
): AsyncGenerator<InputResource> {
  for (const name of names) {
    if (!objects.some(({ metadata }) => metadata.name === name)) throw new InputProblem(`${name} not found in cluster`);
  }
  for (const object of objects) {
    if (names.length > 0 && !names.includes(object.metadata.name ?? '')) continue;
    yield toResource({ object: jsonOf(object), origin: '', sources: () => undefined }, kinds);
  }
}
