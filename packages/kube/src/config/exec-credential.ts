import { execFile } from 'node:child_process';
import { dirname, isAbsolute, resolve } from 'node:path';
import { optional, recordOf, textOf } from '../model/untyped.ts';
import type { ClusterCredentials } from './cluster-connection.ts';
import type { ExecPlugin } from './kubeconfig.ts';

/** The part of the cluster a plugin may be told about (`provideClusterInfo`). */
export interface ExecClusterInfo {
  readonly server: string;
  readonly certificateAuthority?: string;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify: boolean;
}

const pluginTimeoutMilliseconds = 60_000;
const maximumOutputBytes = 1024 * 1024;
const earlyRefreshMilliseconds = 10_000;

/**
 * Credentials from a client-go credential plugin (client.authentication.k8s.io ExecCredential). What the plugin gives is
 * kept until 10 s before it expires, or for good when it names no expiry; concurrent callers share one run.
 */
export function createExecCredentials(
  plugin: ExecPlugin,
  kubeconfigFile: string,
  cluster: ExecClusterInfo,
): (options?: { readonly refresh?: boolean }) => Promise<ClusterCredentials> {
  let cached: { readonly credentials: ClusterCredentials; readonly expires: number } | undefined;
  let running: Promise<ClusterCredentials> | undefined;
  const run = async (): Promise<ClusterCredentials> => {
    const output = await runPlugin(plugin, kubeconfigFile, cluster);
    cached = readExecCredential(output, plugin);
    return cached.credentials;
  };
  return async ({ refresh = false } = {}) => {
    if (!refresh && cached !== undefined && Date.now() < cached.expires) return cached.credentials;
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}

function runPlugin(plugin: ExecPlugin, kubeconfigFile: string, cluster: ExecClusterInfo): Promise<string> {
  const { command } = plugin;
  // A command with a slash is relative to the kubeconfig; one without is looked up in PATH (as client-go does).
  const file = command.includes('/') && !isAbsolute(command) ? resolve(dirname(kubeconfigFile), command) : command;
  const environment = Object.fromEntries(plugin.env.map(({ name, value }) => [name, value]));
  const options = {
    env: { ...process.env, ...environment, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin, cluster)) },
    timeout: pluginTimeoutMilliseconds,
    maxBuffer: maximumOutputBytes,
    encoding: 'utf8',
  } as const;
  return new Promise((fulfil, reject) => {
    execFile(file, [...plugin.args], options, (error, stdout) => {
      if (error === null) fulfil(stdout);
      else reject(new Error(failureMessage(plugin, error)));
    }).stdin?.end();
  });
}

function failureMessage(plugin: ExecPlugin, error: { readonly code?: unknown; readonly killed?: boolean }): string {
  const hint = plugin.installHint === undefined ? '' : `: ${plugin.installHint}`;
  if (error.code === 'ENOENT') return `credential plugin \`${plugin.command}\` was not found${hint}`;
  if (error.killed === true) return `credential plugin \`${plugin.command}\` did not finish in time`;
  return `credential plugin \`${plugin.command}\` failed with exit code ${String(error.code)}`;
}

function execInfo(plugin: ExecPlugin, cluster: ExecClusterInfo): unknown {
  const { certificateAuthority } = cluster;
  const info = {
    server: cluster.server,
    'insecure-skip-tls-verify': cluster.insecureSkipTlsVerify,
    ...optional('tls-server-name', cluster.tlsServerName),
    ...optional(
      'certificate-authority-data',
      certificateAuthority === undefined ? undefined : Buffer.from(certificateAuthority).toString('base64'),
    ),
  };
  return {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.provideClusterInfo ? { cluster: info } : {}) },
  };
}

function readExecCredential(
  output: string,
  plugin: ExecPlugin,
): { readonly credentials: ClusterCredentials; readonly expires: number } {
  let document: unknown;
  try {
    document = JSON.parse(output);
  } catch {
    throw new Error(`credential plugin \`${plugin.command}\` did not print JSON`);
  }
  const root = recordOf(document);
  if (root['kind'] !== 'ExecCredential' || root['apiVersion'] !== plugin.apiVersion) {
    throw new Error(`credential plugin \`${plugin.command}\` did not print an ExecCredential of ${plugin.apiVersion}`);
  }
  const status = recordOf(root['status']);
  const token = textOf(status['token']);
  const clientCertificate = textOf(status['clientCertificateData']);
  const clientKey = textOf(status['clientKeyData']);
  if (token === undefined && (clientCertificate === undefined || clientKey === undefined)) {
    throw new Error(`credential plugin \`${plugin.command}\` gave neither a token nor a certificate with its key`);
  }
  const expiry = Date.parse(textOf(status['expirationTimestamp']) ?? '');
  return {
    credentials: {
      ...optional('authorization', token === undefined ? undefined : `Bearer ${token}`),
      ...optional('clientCertificate', clientCertificate),
      ...optional('clientKey', clientKey),
    },
    expires: Number.isNaN(expiry) ? Number.POSITIVE_INFINITY : expiry - earlyRefreshMilliseconds,
  };
}
