import type { KubernetesObject } from '@vouchsafe/kube';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BYPASSES_CONFIG_MAP, createBypassLedger } from '../admission/bypass-ledger.ts';
import { countedBypasses } from './bypass.ts';
import {
  CLUSTER_POLICIES,
  CONFIG_MAPS,
  NAMESPACES,
  PODS,
  refusalOf,
  startTestCluster,
  type TestCluster,
} from './operator.fixture.ts';

let cluster: TestCluster;
const UNTIL = new Date(Date.now() + 3_600_000).toISOString();
const POLICY = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'no-latest' },
  spec: {
    background: false,
    rules: [
      {
        name: 'tag',
        match: { any: [{ resources: { kinds: ['Pod'] } }] },
        validate: {
          failureAction: 'Enforce',
          message: 'no latest',
          pattern: { spec: { containers: [{ image: '!*:latest' }] } },
        },
      },
    ],
  },
};
const pod = (name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'team',
    annotations: { 'policies.kyverno.io/skip': 'no-latest', 'policies.kyverno.io/skip-until': UNTIL },
  },
  spec: { containers: [{ name: 'main', image: 'app:latest' }] },
});

beforeAll(async () => {
  cluster = await startTestCluster('RBAC');
  await cluster.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
  await cluster.client.create(CLUSTER_POLICIES, POLICY);
});
afterAll(() => cluster.stop());

it('is off unless switched on', async () => {
  const operator = await cluster.start();
  const refusal = await refusalOf(cluster.client.create(PODS, pod('off')));
  expect(refusal).toContain('no latest');
  expect(refusal).not.toContain('policies.kyverno.io/skip');
  await operator.stop();
});

it('keeps a grant before the answer, none of a dry run, and drops those that ended', async () => {
  await cluster.start(['--enablePolicyBypass']);
  await cluster.client.create(PODS, pod('dry'), {}, { dryRun: true });
  const target = { namespace: 'kyverno', name: BYPASSES_CONFIG_MAP };
  await expect(cluster.client.get(CONFIG_MAPS, target)).rejects.toThrow('not found');
  await cluster.client.create(PODS, pod('real')); // the administrator may do anything
  const { data } = (await cluster.client.get(CONFIG_MAPS, target)) as { data?: Record<string, string> };
  expect(Object.values(data ?? {}).map((text) => JSON.parse(text))).toMatchObject([
    { policy: 'no-latest', kind: 'Pod', namespace: 'team', name: 'real', until: UNTIL },
  ]);
  const late = createBypassLedger({ client: cluster.client, namespace: 'kyverno', now: () => Date.now() + 7_200_000 });
  await late.keep([{ key: 'next', until: Date.now() + 9_000_000, value: {} }]);
  const { data: kept } = (await cluster.client.get(CONFIG_MAPS, target)) as { data?: Record<string, string> };
  expect(Object.keys(kept ?? {})).toEqual(['next']);
});

it('refuses when the grant cannot be kept', async () => {
  const full = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, n) => [`k${n}`, `{"ends":${Date.now() + 9_000_000}}`]),
  );
  await cluster.client.patch(CONFIG_MAPS, { namespace: 'kyverno', name: BYPASSES_CONFIG_MAP }, 'merge', { data: full });
  expect(await refusalOf(cluster.client.create(PODS, pod('full')))).toContain('1000 bypasses are in force already');
});

it('counts a wish once', () => {
  const decision = { bypass: { granted: true }, results: [{ type: 'Validation' }] };
  const image = { bypass: { granted: false }, results: [{ type: 'ImageVerify' }] };
  const count = (webhook: string, late: boolean, allowed: boolean, ...decisions: unknown[]) =>
    countedBypasses({ webhook, late, allowed, decisions } as unknown as Parameters<typeof countedBypasses>[0]).length;
  expect(count('mutating', false, true, decision, image)).toBe(0);
  expect(count('mutating', false, false, decision, image)).toBe(1);
  expect(count('validating', false, true, decision, image)).toBe(2);
  expect(count('validating', true, true, decision, image)).toBe(1);
});
