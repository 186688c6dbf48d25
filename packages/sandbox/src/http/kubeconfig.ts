import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a kubeconfig needs to know. */
export interface KubeconfigInput {
  readonly url: string;
  readonly caPem: string;
  readonly user: string;
  /** A client certificate, or a token when absent. */
  readonly clientCertificatePem?: string;
  readonly clientKeyPem?: string;
  readonly token?: string;
  readonly namespace?: string;
}

/** The kubeconfig as JSON, which is YAML too. */
function kubeconfigText(input: KubeconfigInput): string {
  const name = 'vouchsafe-sandbox';
  const credentials =
    input.clientCertificatePem === undefined
      ? { token: input.token ?? '' }
      : {
          'client-certificate-data': toBase64(input.clientCertificatePem),
          'client-key-data': toBase64(input.clientKeyPem ?? ''),
        };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: input.url, 'certificate-authority-data': toBase64(input.caPem) } }],
    users: [{ name: input.user, user: credentials }],
    contexts: [{ name, context: { cluster: name, user: input.user, namespace: input.namespace ?? 'default' } }],
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes a kubeconfig nobody else can read (0600, folder 0700). */
export async function writeKubeconfig(path: string, input: KubeconfigInput): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, kubeconfigText(input), { mode: 0o600 });
  await chmod(path, 0o600);
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}
