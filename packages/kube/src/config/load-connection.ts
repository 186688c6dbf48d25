import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { readBoundedFile } from './bounded-file.ts';
import { type ClusterConnection, type ConfigResult, configFailure } from './cluster-connection.ts';
import { connectionFromKubeconfig } from './connection-from-kubeconfig.ts';
import { loadInClusterConnection } from './in-cluster.ts';
import { type Kubeconfig, mergeKubeconfigs, parseKubeconfig } from './kubeconfig.ts';

export interface LoadConnectionOptions {
  /** One file to use instead of the usual places; it must exist. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where `.kube/config` is looked for. */
  readonly home?: string;
}

/**
 * Finds the cluster as kubectl does: the file given, else the files in KUBECONFIG merged (missing ones are skipped), else
 * `~/.kube/config`; when none of these names a context, the pod's service account.
 */
export async function loadClusterConnection(
  options: LoadConnectionOptions = {},
): Promise<ConfigResult<ClusterConnection>> {
  const { environment = process.env, kubeconfig, context } = options;
  const config = await loadKubeconfig(options);
  if (!config.ok) return config;
  const names = context ?? config.value.currentContext;
  if (names === undefined && kubeconfig === undefined) {
    const inCluster = await loadInClusterConnection(environment);
    return inCluster.ok ? inCluster : configFailure(`no kubeconfig with a current context, and ${inCluster.message}`);
  }
  return connectionFromKubeconfig(config.value, names);
}

/** Reads and merges the files {@link loadClusterConnection} would use. No file at all gives an empty configuration. */
export async function loadKubeconfig(options: LoadConnectionOptions = {}): Promise<ConfigResult<Kubeconfig>> {
  const configs: Kubeconfig[] = [];
  for (const file of kubeconfigFiles(options)) {
    try {
      const text = await readBoundedFile(file);
      if (text === undefined && options.kubeconfig !== undefined) return configFailure(`\`${file}\` does not exist`);
      if (text === undefined) continue;
      const parsed = parseKubeconfig(text, file);
      if (!parsed.ok) return parsed;
      configs.push(parsed.value);
    } catch (error) {
      // The file reader's messages name the path alone.
      return configFailure(error instanceof Error ? error.message : `\`${file}\` cannot be read`);
    }
  }
  return { ok: true, value: mergeKubeconfigs(configs) };
}

function kubeconfigFiles({ kubeconfig, environment = process.env, home = homedir() }: LoadConnectionOptions): string[] {
  if (kubeconfig !== undefined) return [kubeconfig];
  const listed = environment['KUBECONFIG'];
  if (listed) return [...new Set(listed.split(delimiter).filter((file) => file !== ''))];
  return [join(home, '.kube', 'config')];
}
