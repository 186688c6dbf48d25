import { dirname, resolve } from 'node:path';
import { isRecord, optional, recordOf, textOf, type UntypedRecord } from '../model/untyped.ts';
import { readBoundedFile } from './bounded-file.ts';
import { type ClusterConnection, type ConfigResult, configFailure } from './cluster-connection.ts';
import { type Kubeconfig, type KubeconfigEntry, readExecPlugin } from './kubeconfig.ts';
import { createTokenFileReader } from './token-file.ts';

type ConnectionTarget = Omit<ClusterConnection, 'credentials'>;
type CredentialSource = ClusterConnection['credentials'];

/** The connection of one context: the current one unless named. */
export async function connectionFromKubeconfig(
  config: Kubeconfig,
  contextName: string | undefined = config.currentContext,
): Promise<ConfigResult<ClusterConnection>> {
  if (contextName === undefined) return configFailure('the kubeconfig has no current context');
  const context = config.contexts.get(contextName);
  if (context === undefined) return configFailure(`the kubeconfig has no context \`${contextName}\``);
  const clusterName = textOf(context.body['cluster']) ?? '';
  const cluster = config.clusters.get(clusterName);
  if (cluster === undefined) return configFailure(`the kubeconfig has no cluster \`${clusterName}\``);
  const userName = textOf(context.body['user']) ?? '';
  const user = config.users.get(userName);
  if (user === undefined && userName !== '') return configFailure(`the kubeconfig has no user \`${userName}\``);
  try {
    const target = await readCluster(cluster, textOf(context.body['namespace']) || 'default');
    if (!target.ok) return target;
    const credentials = user === undefined ? anonymous : await readUser(user, target.value);
    if (typeof credentials !== 'function') return credentials;
    return { ok: true, value: { ...target.value, credentials } };
  } catch (error) {
    // Only the file reader's errors arrive here; their messages name paths alone.
    return configFailure(error instanceof Error ? error.message : 'the kubeconfig cannot be read');
  }
}

const anonymous: CredentialSource = async () => ({});

async function readCluster(entry: KubeconfigEntry, namespace: string): Promise<ConfigResult<ConnectionTarget>> {
  const { body, name } = entry;
  const server = textOf(body['server'])?.replace(/\/+$/, '') ?? '';
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    return configFailure(`cluster \`${name}\` has no valid server URL`);
  }
  if (textOf(body['proxy-url'])) return configFailure(`cluster \`${name}\` uses proxy-url, which is not supported`);
  const certificateAuthority = await readPem(entry, 'certificate-authority');
  const insecureSkipTlsVerify = body['insecure-skip-tls-verify'] === true;
  if (insecureSkipTlsVerify && certificateAuthority !== undefined) {
    return configFailure(`cluster \`${name}\` has both insecure-skip-tls-verify and a certificate authority`);
  }
  return {
    ok: true,
    value: {
      server,
      namespace,
      insecureSkipTlsVerify,
      ...optional('certificateAuthority', certificateAuthority),
      ...optional('tlsServerName', textOf(body['tls-server-name']) || undefined),
    },
  };
}

/** A source of credentials, or the failure. Order of preference as client-go: exec, token file, token, password. */
async function readUser(
  entry: KubeconfigEntry,
  target: ConnectionTarget,
): Promise<CredentialSource | { readonly ok: false; readonly message: string }> {
  const { body, name, file } = entry;
  if (isRecord(body['auth-provider']))
    return configFailure(`user \`${name}\` uses auth-provider, which is not supported`);
  if (isRecord(body['exec'])) {
    const plugin = readExecPlugin(body['exec']);
    if (!plugin.ok) return configFailure(`user \`${name}\`: ${plugin.message}`);
    // Loaded only for users with a plugin, so that nothing else can ever start a process.
    const { createExecCredentials } = await import('./exec-credential.ts');
    return createExecCredentials(plugin.value, file, target);
  }
  const clientCertificate = await readPem(entry, 'client-certificate');
  const clientKey = await readPem(entry, 'client-key');
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    return configFailure(`user \`${name}\` needs both a client certificate and its key`);
  }
  const certificate = { ...optional('clientCertificate', clientCertificate), ...optional('clientKey', clientKey) };
  const tokenFile = textOf(body['tokenFile']);
  if (tokenFile) {
    const readToken = createTokenFileReader(resolve(dirname(file), tokenFile));
    return async (options) => ({ ...certificate, authorization: `Bearer ${await readToken(options)}` });
  }
  const credentials = { ...certificate, ...optional('authorization', staticAuthorization(body)) };
  return async () => credentials;
}

function staticAuthorization(body: UntypedRecord): string | undefined {
  const token = textOf(body['token']);
  if (token) return `Bearer ${token}`;
  const username = textOf(body['username']);
  if (!username) return undefined;
  return `Basic ${Buffer.from(`${username}:${textOf(body['password']) ?? ''}`).toString('base64')}`;
}

/** `<member>-data` (base64) before the file `<member>`, whose path is relative to the kubeconfig. */
async function readPem({ body, file }: KubeconfigEntry, member: string): Promise<string | undefined> {
  const data = textOf(recordOf(body)[`${member}-data`]);
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  const path = textOf(body[member]);
  if (!path) return undefined;
  const text = await readBoundedFile(resolve(dirname(file), path));
  if (text === undefined) throw new Error(`\`${resolve(dirname(file), path)}\` does not exist`);
  return text;
}
