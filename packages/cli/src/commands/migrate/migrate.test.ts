import { join } from 'node:path';
import { memberAt } from '@vouchsafe/engine/kernel';
import { createKubeClient, type KubeClient, loadClusterConnection } from '@vouchsafe/kube';
import { type ApiServer, startApiServer } from '@vouchsafe/sandbox';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jsonOf } from '../../cluster/json-of.ts';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { migrateCommand } from './migrate-command.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };
const WIDGETS = { group: 'acme.io', version: 'v2', resource: 'widgets' };
const KUBECONFIG = join(createFolder({}), 'kubeconfig');
let server: ApiServer;
let client: KubeClient;

const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
const version = (name: string, storage: boolean) => ({ name, storage, served: true, schema });

beforeAll(async () => {
  server = await startApiServer();
  const connection = await loadClusterConnection({ kubeconfig: await server.adminKubeconfig(KUBECONFIG) });
  if (!connection.ok) throw new Error(connection.message);
  client = createKubeClient(connection.value);
  await client.create(DEFINITIONS, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.acme.io' },
    spec: {
      group: 'acme.io',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [version('v1', false), version('v2', true)],
    },
  });
  for (const name of ['a', 'b']) {
    const metadata = { name, namespace: 'default' };
    await client.create(WIDGETS, { apiVersion: 'acme.io/v2', kind: 'Widget', metadata, spec: { x: name } });
  }
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

const run = (...args: readonly string[]) => runCaptured(migrateCommand, [...args, '--kubeconfig', KUBECONFIG]);
const storedVersions = async (): Promise<unknown> =>
  memberAt(jsonOf(await client.get(DEFINITIONS, { name: 'widgets.acme.io' })), 'status', 'storedVersions');

it('writes each object again, then says that the old versions are gone', async () => {
  const patch = { status: { storedVersions: ['v1', 'v2'] } };
  await client.patch(DEFINITIONS, { name: 'widgets.acme.io', subresource: 'status' }, 'merge', patch);
  expect(await storedVersions()).toEqual(['v1', 'v2']);
  expect(await run('--resource', 'widgets.acme.io')).toEqual({
    code: 0,
    stderr: '',
    stdout: 'migrating resource: widgets.acme.io ...\nstored version: v2\nmigrating resources...\npatching status...\n',
  });
  expect(await storedVersions()).toEqual(['v2']);
  expect((await client.list(WIDGETS)).items).toHaveLength(2);
});

it('does nothing where all is well', async () => {
  expect((await run('--resource', 'widgets.acme.io')).stdout).toContain('already up to date, nothing to do\n');
});

it.each([
  [['--resource', 'nobody.acme.io'], 'not found'],
  [[], 'required flag(s) "resource" not set'],
])('%j', async (args, message) => {
  expect(await run(...args)).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
});
