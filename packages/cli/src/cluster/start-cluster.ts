import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKubeClient, type KubeClient, loadClusterConnection } from '@vouchsafe/kube';
import {
  type ApiServer,
  type Registry,
  type Sigstore,
  startApiServer,
  startRegistry,
  startSigstore,
} from '@vouchsafe/sandbox';
import { freePort } from './free-port.ts';
import { installDefinitions } from './install-definitions.ts';
import { createOperatorPod, readOperatorLog } from './operator-pod.ts';
import { createOperatorProcess, type OperatorProcess } from './operator-process.ts';

export interface ClusterOptions {
  /** Everything it writes goes here; nothing else is touched. */
  readonly folder: string;
  readonly apiPort?: number;
  /** Keeps objects and keys below the folder: the next start goes on from them. What is in the registry is not kept. */
  readonly persist?: boolean;
  /** Registry hosts that the sandbox's registry stands in for. */
  readonly mirroredHosts: readonly string[];
  /** `false` leaves the operator out: a plain cluster. */
  readonly operator?: boolean;
  readonly operatorFlags?: readonly string[];
  /** The operator's program; the one that belongs to this code unless told. */
  readonly operatorEntry?: string;
  /** Whether roles and bindings count; everybody may do anything unless told. */
  readonly authorization?: 'AlwaysAllow' | 'RBAC';
  /** Group versions beyond the stable ones that are served: `admissionregistration.k8s.io/v1beta1`. */
  readonly enabledApis?: readonly string[];
  /** Makes the identity that the operator acts with, and gives its kubeconfig; the administrator's unless told. */
  readonly operatorKubeconfig?: (cluster: Pick<Cluster, 'client' | 'api' | 'folder'>) => Promise<string>;
  /** A registry and Sigstore services that run already and outlive it, instead of its own. */
  readonly services?: { readonly registry: Registry; readonly sigstore: Sigstore };
  /** The kubeconfig of a server that runs already, instead of a sandbox: it calls the operator's webhooks by URL. */
  readonly serverKubeconfig?: string;
}

/** A cluster, a registry and Sigstore services in this process, the operator as a child. */
export interface Cluster {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly trustedRootFile: string;
  /** Absent on a server that is not ours. */
  readonly api: ApiServer | undefined;
  readonly registry: Registry;
  readonly sigstore: Sigstore;
  readonly operator: OperatorProcess;
  readonly client: KubeClient;
  stop(): Promise<void>;
}

const OPERATOR_NAMESPACE = 'kyverno';
const WEBHOOK_SERVICE = `${OPERATOR_NAMESPACE}/kyverno-svc:443`;

/** Starts all of it; resolves when the operator has registered its webhooks. What was started is stopped on failure. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [api, registry, sigstore] = await Promise.all([
    options.serverKubeconfig === undefined ? startApi(options) : undefined,
    options.services?.registry ?? startRegistry(),
    options.services?.sigstore ??
      startSigstore(options.persist ? { stateFolder: join(stateFolder(folder), 'sigstore') } : {}),
  ]);
  const stops: (() => Promise<unknown>)[] = [async () => api?.stop()];
  if (!options.services)
    stops.push(
      () => registry.stop(),
      () => sigstore.stop(),
    );
  try {
    const kubeconfig = options.serverKubeconfig ?? (await api?.adminKubeconfig(join(folder, 'kubeconfig'))) ?? '';
    const trustedRootFile = join(folder, 'trusted_root.json');
    await writeFile(trustedRootFile, JSON.stringify(sigstore.trustedRoot), { mode: 0o600 });
    const connection = await loadClusterConnection({ kubeconfig });
    if (!connection.ok) throw new Error(connection.message);
    const client = createKubeClient(connection.value, { userAgent: 'vouchsafe-cli', queriesPerSecond: 0 });
    stops.unshift(() => client.close());
    await installDefinitions(client, options.operatorFlags);
    if (api && options.operator !== false) await createOperatorPod(client);
    const urlFlags = api ? [] : webhooksByUrl(await freePort());
    let unregister = () => {};
    const operator = createOperatorProcess({
      kubeconfig: (await options.operatorKubeconfig?.({ client, api, folder })) ?? kubeconfig,
      registryMirrors: Object.fromEntries(options.mirroredHosts.map((host) => [host, registry.url])),
      trustedRoot: trustedRootFile,
      ...(options.operatorEntry ? { entry: options.operatorEntry } : {}),
      logFile: operatorLog(folder),
      extraFlags: [...urlFlags, ...(options.operatorFlags ?? [])],
      onReady: ({ webhookPort }) => {
        unregister();
        if (api) unregister = api.registerService(WEBHOOK_SERVICE, webhookPort);
      },
    });
    stops.unshift(() => operator.kill('SIGTERM'));
    if (options.operator !== false) await operator.start();
    return {
      folder,
      kubeconfig,
      trustedRootFile,
      api,
      registry,
      sigstore,
      operator,
      client,
      stop: () => stopAll(stops),
    };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

function operatorLog(folder: string): string {
  return join(folder, 'operator.log');
}

function startApi({ folder, apiPort, persist, authorization, enabledApis }: ClusterOptions): Promise<ApiServer> {
  return startApiServer({
    ...(authorization ? { authorization } : {}),
    ...(enabledApis ? { enabledApis } : {}),
    ...(apiPort === undefined ? {} : { port: apiPort }),
    podLog: (namespace, name) => readOperatorLog(operatorLog(folder), namespace, name),
    ...(persist ? { state: { folder: stateFolder(folder) } } : {}),
  });
}

/** A server that is not ours cannot be told where a Service leads; the port outlives restarts of the operator. */
function webhooksByUrl(port: number): readonly string[] {
  return ['--webhookServerPort', String(port), '--serverIP', `127.0.0.1:${port}`];
}

async function stopAll(stops: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const stop of stops) await stop().catch(() => {});
}

/** Where a persistent sandbox keeps its journal and its keys. */
export function stateFolder(folder: string): string {
  return join(folder, 'state');
}

/** Removes what a sandbox left in its folder, but not what it was told to keep. The folder itself stays. */
export async function clearClusterFolder(folder: string): Promise<void> {
  const files = ['kubeconfig', 'trusted_root.json', 'operator.log', 'sandbox.log', 'sandbox.json', 'control.sock'];
  for (const file of files) await rm(join(folder, file), { force: true });
}
