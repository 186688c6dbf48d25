import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../cluster/start-cluster.ts';
import { runCommand } from './kubectl.ts';
import type { Signer } from './signer.ts';

/** Signs with the real cosign 2, which speaks to the cluster's registry and Sigstore services over HTTP. */
export function createCosignSigner(path: string, version: string): Signer {
  return {
    description: `cosign ${version}`,
    async sign({ cluster, repository, digest, by }) {
      const folder = join(cluster.folder, 'cosign');
      await mkdir(folder, { recursive: true });
      await cluster.sigstore.writeFiles(folder);
      const reference = `${cluster.registry.host}/${repository}@${digest}`;
      const { rekor, fulcio } = cluster.sigstore.urls;
      const cosign = async (...args: readonly string[]) => {
        const { code, stdout, stderr } = await runCommand(path, args, { env: environment(folder), cwd: folder });
        if (code !== 0) throw new Error(`cosign ${args[0]} failed: ${stderr || stdout}`);
      };
      if ('key' in by) {
        const prefix = join(folder, by.key);
        await cosign('generate-key-pair', '--output-key-prefix', prefix).catch((error: Error) => {
          if (!error.message.includes('already exists')) throw error;
        });
        await cosign('sign', '--key', `${prefix}.key`, '--rekor-url', rekor, '-y', reference);
        return;
      }
      const token = join(folder, 'token');
      await writeFile(token, tokenFor(cluster, by));
      await cosign('sign', '-y', '--rekor-url', rekor, '--fulcio-url', fulcio, '--identity-token', token, reference);
    },
  };
}

function tokenFor(
  cluster: Cluster,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
): string {
  return cluster.sigstore.oidcToken({ issuer, subject });
}

/** cosign 2 is told by its environment what to trust. */
function environment(folder: string): Record<string, string> {
  return {
    HOME: folder,
    COSIGN_PASSWORD: '',
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: join(folder, 'ctfe.pub'),
    SIGSTORE_ROOT_FILE: join(folder, 'fulcio_chain.pem'),
    SIGSTORE_REKOR_PUBLIC_KEY: join(folder, 'rekor.pub'),
    SIGSTORE_TSA_CERTIFICATE_FILE: join(folder, 'timestamp_chain.pem'),
  };
}
