import { type KubeClient, KubeError } from '@vouchsafe/kube';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isGoingDown } from './going-down.ts';
import { type Leadership, startLeadership } from './leadership.ts';
import { startTestCluster, type TestCluster, until } from './operator.fixture.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const candidates: Leadership[] = [];
afterEach(async () => {
  await Promise.all(candidates.splice(0).map((candidate) => candidate.stop()));
});

function start(podName: string, leaderElection: boolean, onLeading = () => {}): Leadership {
  const settings = cluster.settings([`--leaderElection=${leaderElection}`], { KYVERNO_POD_NAME: podName });
  const candidate = startLeadership({ client: cluster.client, settings, log: silent, onLeading, retryPeriodMs: 30 });
  candidates.push(candidate);
  return candidate;
}

describe('leadership', () => {
  it('is given without an election', () => {
    let led = 0;
    const alone = start('one', false, () => {
      led += 1;
    });
    expect([alone.isLeader(), led]).toEqual([true, 0]);
  });

  it('belongs to one of several, and passes on at once on a clean stop', async () => {
    const led: string[] = [];
    const one = start('one', true, () => led.push('one'));
    await until('the first to lead', async () => one.isLeader());
    const two = start('two', true, () => led.push('two'));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect([one.isLeader(), two.isLeader(), led]).toEqual([true, false, ['one']]);
    await one.stop();
    await until('the second to lead', async () => two.isLeader());
    expect([one.isLeader(), led]).toEqual([false, ['one', 'two']]);
  });
});

describe('whether nobody will be left to answer', () => {
  const answering = (answer: () => Promise<unknown>) => ({ ...cluster.client, get: answer }) as KubeClient; // only asked for a Deployment
  const deployment = (part: object) => async () => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {},
    spec: { replicas: 2 },
    ...part,
  });

  it.each<[string, () => Promise<unknown>, boolean]>([
    ['the Deployment stays: a restart or a rolling update', deployment({}), false],
    ['it is scaled to zero', deployment({ spec: { replicas: 0 } }), true],
    ['it is being deleted', deployment({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), true],
    ['there is none', () => Promise.reject(new KubeError(404, 'NotFound', 'x')), true],
    ['nobody can tell: refusing is safe', () => Promise.reject(new KubeError(0, 'Unreachable', 'x')), false],
    ['we may not look', () => Promise.reject(new KubeError(403, 'Forbidden', 'x')), false],
  ])('%s', async (_, answer, expected) => {
    expect(await isGoingDown(answering(answer), cluster.settings())).toBe(expected);
  });
});
