import { readdir, readFile } from 'node:fs/promises';
import { ignoreNotFound, type KubeClient, type KubernetesObject } from '@vouchsafe/kube';
import { packageFile } from './program-path.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' } as const;
const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces' } as const;

/**
 * Creates the custom resource definitions of Vouchsafe and the operator's namespace: what its chart would install. What a
 * cluster has kept from an earlier run stays as it is. Those of OpenReports are left out unless the operator's flags ask for them.
 */
export async function installDefinitions(client: KubeClient, operatorFlags: readonly string[] = []): Promise<void> {
  const isWanted = (name: string) => !name.startsWith('openreports.io_') || operatorFlags.some(isOpenReports);
  await createMissing(client, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kyverno' } });
  const files = (await readdir(packageFile('crds'))).filter((name) => name.endsWith('.json') && isWanted(name));
  // One after another: together they are megabytes, which all would be held at once.
  for (const name of files) {
    const text = await readFile(packageFile(`crds/${name}`), 'utf8');
    await createMissing(client, DEFINITIONS, JSON.parse(text) as KubernetesObject); // a whole object of the API, as data
  }
  client.discovery.invalidate();
}

function isOpenReports(flag: string): boolean {
  return flag === '--openreportsEnabled' || flag === '--openreportsEnabled=true';
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
