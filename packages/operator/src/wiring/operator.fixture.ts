import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createKubeClient,
  isKubeError,
  type KubeClient,
  type KubernetesObject,
  loadClusterConnection,
} from '@vouchsafe/kube';
import { type ApiServer, startApiServer } from '@vouchsafe/sandbox';
import { type OperatorSettings, parseOperatorSettings } from '../settings/operator-settings.ts';
import { type RunningOperator, startOperator } from './start-operator.ts';

/** A sandbox API server with the definitions and the namespace that a chart would install. */
export interface TestCluster {
  readonly api: ApiServer;
  readonly client: KubeClient;
  readonly kubeconfig: string;
  /** Starts an operator whose webhooks the API server reaches once it is ready. */
  start(flags?: readonly string[], env?: Readonly<Record<string, string>>): Promise<RunningOperator>;
  settings(flags?: readonly string[], env?: Readonly<Record<string, string>>): OperatorSettings;
  stop(): Promise<void>;
}

export const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces' } as const;
export const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' } as const;
export const PODS = { group: '', version: 'v1', resource: 'pods' } as const;
export const EVENTS = { group: 'events.k8s.io', version: 'v1', resource: 'events' } as const;
export const CLUSTER_POLICIES = { group: 'kyverno.io', version: 'v1', resource: 'clusterpolicies' } as const;
export const EXCEPTIONS = { group: 'kyverno.io', version: 'v2', resource: 'policyexceptions' } as const;
export const REPORTS = { group: 'wgpolicyk8s.io', version: 'v1alpha2', resource: 'policyreports' } as const;
export const MUTATING = webhooks('mutatingwebhookconfigurations');
export const VALIDATING = webhooks('validatingwebhookconfigurations');

function webhooks(resource: string) {
  return { group: 'admissionregistration.k8s.io', version: 'v1', resource };
}

export const DEFINITIONS = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
} as const;
const FILES = [
  'kyverno.io_clusterpolicies',
  'kyverno.io_policies',
  'kyverno.io_policyexceptions',
  'kyverno.io_globalcontextentries',
  'wgpolicyk8s.io_policyreports',
  'wgpolicyk8s.io_clusterpolicyreports',
];

/** `definitions`: files of the CLI's folder that are needed besides those of rules and reports. */
export async function startTestCluster(
  authorization: 'AlwaysAllow' | 'RBAC' = 'AlwaysAllow',
  definitions: readonly string[] = [],
): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-operator-'));
  const api = await startApiServer({ authorization });
  const kubeconfig = await api.adminKubeconfig(join(folder, 'kubeconfig'));
  const connection = await loadClusterConnection({ kubeconfig });
  if (!connection.ok) throw new Error(connection.message);
  const client = createKubeClient(connection.value, { queriesPerSecond: 0 });
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kyverno' } });
  await installFromCrds(client, [...FILES, ...definitions]);
  const running: RunningOperator[] = [];
  const settings: TestCluster['settings'] = (flags = [], env = {}) =>
    parseOperatorSettings(
      [
        ...['--kubeconfig', kubeconfig, '--webhookServerHost', '127.0.0.1', '--webhookServerPort', '0'],
        ...['--metricsHost', '127.0.0.1', '--metricsPort', '0', '--v', 'error', '--reportsDelay', '50ms'],
        ...['--leaderElection', 'false', ...flags],
      ],
      env,
    );
  return {
    api,
    client,
    kubeconfig,
    settings,
    async start(flags, env) {
      const operator = await startOperator(settings(flags, env), '0.0.0-test');
      api.registerService('kyverno/kyverno-svc:443', operator.webhookPort);
      await operator.ready;
      running.push(operator);
      return operator;
    },
    async stop() {
      await Promise.all(running.map((operator) => operator.stop()));
      await client.close();
      await api.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Defines the kind Widget of `acme.example/v1`, which holds anything. */
export function widgetDefinition(scope: 'Cluster' | 'Namespaced'): KubernetesObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.acme.example' },
    spec: {
      group: 'acme.example',
      scope,
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}

/** Creates definitions of the CLI's folder, named by their files. */
export async function installFromCrds(client: KubeClient, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const file = fileURLToPath(new URL(`../../../cli/crds/${name}.json`, import.meta.url));
    await client.create(DEFINITIONS, JSON.parse(await readFile(file, 'utf8')) as KubernetesObject); // a whole object
  }
  client.discovery.invalidate();
}

export async function configMapExists({ client }: TestCluster, name: string, namespace: string): Promise<boolean> {
  try {
    await client.get(CONFIG_MAPS, { name, namespace });
    return true;
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return false;
    throw error;
  }
}

/** Until the ClusterPolicy says that it is ready. */
export async function untilReady({ client }: TestCluster, name: string): Promise<void> {
  await until('the policy to be ready', async () => {
    const { status } = await client.get(CLUSTER_POLICIES, { name });
    return JSON.stringify(status ?? {}).includes('"Ready"');
  });
}

/** Asks again until the answer is there; rejects with the last one's absence after ten seconds. */
export async function until<Value>(what: string, ask: () => Promise<Value | undefined | false>): Promise<Value> {
  const end = Date.now() + 10_000;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The message of the API server's refusal; undefined when it does not refuse. */
export async function refusalOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (isKubeError(error)) return error.message;
    throw error;
  }
}
