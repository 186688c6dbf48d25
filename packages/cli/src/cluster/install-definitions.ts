import { readdir, readFile } from 'node:fs/promises';
import { ignoreNotFound, type KubeClient, type KubernetesObject } from '@vouchsafe/kube';
import { packageFile } from './program-path.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;
const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces' } as const;

/**
 * Creates the custom resource definitions of Vouchsafe and the operator's namespace: what its chart would install. What a
 * cluster has kept from an earlier run stays as it is.
 */
export async function installDefinitions(client: KubeClient): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kyverno' } };
  const definitions = await loadDefinitions();
  await Promise.all([
    createMissing(client, NAMESPACES, namespace),
    ...definitions.map((definition) => createMissing(client, DEFINITIONS, definition)),
  ]);
  client.discovery.invalidate();
}

/** Reads first: a write would go through webhooks that an earlier run may have left, and their operator is not up yet. */
async function createMissing(
  client: KubeClient,
  resource: typeof NAMESPACES | typeof DEFINITIONS,
  object: KubernetesObject,
): Promise<void> {
  const found = await ignoreNotFound(client.get(resource, { name: object.metadata.name ?? '' }));
  if (!found) await client.create(resource, object);
}

/** Read when a cluster is set up and then forgotten: they are more than a megabyte, which a module would keep. */
async function loadDefinitions(): Promise<readonly KubernetesObject[]> {
  const files = (await readdir(packageFile('crds'))).filter((name) => name.endsWith('.json'));
  return await Promise.all(
    files.map(async (name) => {
      const text = await readFile(packageFile(`crds/${name}`), 'utf8');
      return JSON.parse(text) as KubernetesObject; // whole objects of the API, as data
    }),
  );
}
