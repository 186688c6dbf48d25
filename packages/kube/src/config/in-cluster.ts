import { join } from 'node:path';
import { readBoundedFile } from './bounded-file.ts';
import { type ClusterConnection, type ConfigResult, configFailure } from './cluster-connection.ts';
import { createTokenFileReader } from './token-file.ts';

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The connection a pod has by its service account (environment and mounted files, as rest.InClusterConfig). */
export async function loadInClusterConnection(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  directory: string = serviceAccountDirectory,
): Promise<ConfigResult<ClusterConnection>> {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) return configFailure('not running in a cluster: KUBERNETES_SERVICE_HOST is not set');
  try {
    const certificateAuthority = await readBoundedFile(join(directory, 'ca.crt'));
    if (certificateAuthority === undefined) return configFailure(`\`${join(directory, 'ca.crt')}\` does not exist`);
    const namespace = (await readBoundedFile(join(directory, 'namespace')))?.trim();
    const readToken = createTokenFileReader(join(directory, 'token'));
    await readToken();
    return {
      ok: true,
      value: {
        server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
        namespace: namespace || 'default',
        certificateAuthority,
        insecureSkipTlsVerify: false,
        credentials: async (options) => ({ authorization: `Bearer ${await readToken(options)}` }),
      },
    };
  } catch (error) {
    // Only the readers' own errors arrive here; their messages name paths alone.
    return configFailure(error instanceof Error ? error.message : 'the service account cannot be read');
  }
}
