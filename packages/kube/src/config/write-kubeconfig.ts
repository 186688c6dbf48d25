import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';

/** One cluster, one user, one context, all of the same name. */
export interface KubeconfigContent {
  readonly name: string;
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority?: string;
  readonly namespace?: string;
  readonly token?: string;
  /** PEM, both or none. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/** The YAML of a kubeconfig with inline data. It holds secrets. */
export function formatKubeconfig(content: KubeconfigContent): string {
  const { name, server, certificateAuthority, namespace, token, clientCertificate, clientKey } = content;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': toBase64(certificateAuthority) } }],
    users: [
      {
        name,
        user: { token, 'client-certificate-data': toBase64(clientCertificate), 'client-key-data': toBase64(clientKey) },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
  });
}

/**
 * Writes a kubeconfig readable by its owner alone (0600), in one step: readers see the old file or the new one. Missing
 * folders are made (0700). Rejects with the file system's error.
 */
export async function writeKubeconfig(path: string, content: KubeconfigContent): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(formatKubeconfig(content));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function toBase64(pem: string | undefined): string | undefined {
  return pem === undefined ? undefined : Buffer.from(pem).toString('base64');
}
