import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Cluster } from '../cluster/start-cluster.ts';
import { createBuiltInKubectl } from './built-in-kubectl.ts';
import { createRealKubectl, type Kubectl } from './kubectl.ts';

export interface FindKubectlOptions {
  readonly wanted: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cluster: Cluster;
}

/** The kubectl asked for, else the first in PATH, else the built-in one. */
export function findKubectl({ wanted, env, cluster }: FindKubectlOptions): Kubectl {
  const path = wanted ?? inPath('kubectl', env['PATH'] ?? '');
  if (path === undefined) return createBuiltInKubectl(cluster.client);
  return createRealKubectl({ path, kubeconfig: cluster.kubeconfig, cacheFolder: join(cluster.folder, 'kubectl') });
}

/** What command lines of scenarios call, as far as the machine has it. */
export function findPrograms(env: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  return new Map(
    ['kubectl', 'jq', 'cosign', 'cosign3', 'prometheus'].flatMap((name) => {
      const path = inPath(name, env['PATH'] ?? '');
      return path === undefined ? [] : [[name, path] as const];
    }),
  );
}

function inPath(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not there, or not ours to run: the next one
    }
  }
  return undefined;
}
