import { mkdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Cluster } from '../cluster/start-cluster.ts';
import { type CommandResult, runCommand } from './kubectl.ts';

/** Programs by the name a command line calls them by: `kubectl`, `jq`, `cosign`, `prometheus`. */
export type Programs = ReadonlyMap<string, string>;

/** Runs a command line as a user of the cluster types it; the programs come before those of the machine. */
export async function runShell(
  script: string,
  { cluster, programs, folder }: { readonly cluster: Cluster; readonly programs: Programs; readonly folder: string },
): Promise<CommandResult> {
  const home = join(cluster.folder, 'shell');
  const bin = join(home, 'bin');
  if ((await mkdir(bin, { recursive: true })) !== undefined) {
    for (const [name, path] of programs) await symlink(path, join(bin, name));
    await cluster.sigstore.writeFiles(home);
  }
  return runCommand('/bin/sh', ['-c', script], {
    cwd: folder,
    env: {
      PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
      HOME: home,
      KUBECONFIG: cluster.kubeconfig,
      KUBECACHEDIR: join(home, 'kubectl'),
      // cosign is told by its environment what to trust
      SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: join(home, 'ctfe.pub'),
      SIGSTORE_ROOT_FILE: join(home, 'fulcio_chain.pem'),
      SIGSTORE_REKOR_PUBLIC_KEY: join(home, 'rekor.pub'),
      SIGSTORE_TSA_CERTIFICATE_FILE: join(home, 'timestamp_chain.pem'),
    },
  });
}
