import { join } from 'node:path';
import { createKubeClient, loadClusterConnection } from '@vouchsafe/kube';
import { type ApiServer, startApiServer } from '@vouchsafe/sandbox';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFolder, runCaptured } from '../../flags/run-captured.fixture.ts';
import { applyCommand } from './apply-command.ts';

const POLICY = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: owned}
spec:
  background: true
  rules:
    - name: by-team
      match: {any: [{resources: {kinds: [ConfigMap], namespaceSelector: {matchLabels: {checked: "yes"}}}}]}
      context: [{name: all, apiCall: {urlPath: "/api/v1/namespaces/{{request.namespace}}/configmaps", jmesPath: "items | length(@)"}}]
      validate:
        message: "one of {{all}}"
        pattern: {metadata: {labels: {team: "?*"}}}
`;

const FOLDER = createFolder({ 'policy.yaml': POLICY });
const KUBECONFIG = join(FOLDER, 'kubeconfig');
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
  const connection = await loadClusterConnection({ kubeconfig: await server.adminKubeconfig(KUBECONFIG) });
  if (!connection.ok) throw new Error(connection.message);
  const client = createKubeClient(connection.value);
  const create = (resource: string, object: object) =>
    client.create({ group: '', version: 'v1', resource }, object as Parameters<typeof client.create>[1]); // plain objects
  for (const [name, labels] of [
    ['checked', { checked: 'yes' }],
    ['free', {}],
  ] as const) {
    await create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
    await create('configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bare', namespace: name } });
  }
  await create('configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'good', namespace: 'checked', labels: { team: 'a' } },
  });
  await client.close();
});
afterAll(() => server.stop());

function run(...args: readonly string[]) {
  return runCaptured(applyCommand, ['policy.yaml', '--cluster', '--kubeconfig', KUBECONFIG, ...args], { cwd: FOLDER });
}

it('judges the objects of the policies’ kinds, with the labels of their namespaces and what the API answers', async () => {
  const { code, stdout } = await run();
  expect(stdout).toContain('policy owned -> resource checked/ConfigMap/bare failed:\n');
  expect(stdout).toMatch(/1 - by-team validation error: one of \d+\./);
  expect(stdout).not.toContain('free/ConfigMap');
  expect(code).toBe(1);
});

it.each([
  [['-r', 'good'], 'pass: 1, fail: 0', 0],
  [['-n', 'free'], 'pass: 0, fail: 0', 0],
])('%j', async (args, figures, expected) => {
  const { code, stdout } = await run(...args);
  expect(stdout).toContain(figures);
  expect(code).toBe(expected);
});

it('names that the cluster does not hold are told', async () => {
  expect(await run('-r', 'nothing')).toMatchObject({ code: 1, stderr: 'Error: nothing not found in cluster\n' });
});

it('a cluster that cannot be reached is told', async () => {
  const { code, stderr } = await runCaptured(applyCommand, ['policy.yaml', '-c', '--kubeconfig', 'none'], {
    cwd: FOLDER,
  });
  expect(stderr).toContain('none');
  expect(code).toBe(1);
});
