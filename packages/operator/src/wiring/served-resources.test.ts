import type { KubernetesObject } from '@vouchsafe/kube';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SERVED } from '../admission/served.fixture.ts';
import { createLogger } from '../telemetry/logger.ts';
import {
  CLUSTER_POLICIES,
  DEFINITIONS,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
  untilReady,
  VALIDATING,
  widgetDefinition,
} from './operator.fixture.ts';
import { followDefinitions } from './served-resources.ts';

const WIDGETS = { group: 'acme.example', version: 'v1', resource: 'widgets' } as const;

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const policy: KubernetesObject = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'no-widgets' },
  spec: {
    background: false,
    rules: [
      {
        name: 'none',
        match: { any: [{ resources: { kinds: ['Widget'] } }] },
        validate: { failureAction: 'Enforce', message: 'no widgets here', deny: {} },
      },
    ],
  },
};

function createWidget({ client }: TestCluster): Promise<string | undefined> {
  const widget = { apiVersion: 'acme.example/v1', kind: 'Widget', metadata: { generateName: 'w-' } };
  return refusalOf(client.create(WIDGETS, widget));
}

describe('custom kinds', () => {
  it('installed before the policy that names them are judged once it is ready', async () => {
    cluster = await startTestCluster();
    await cluster.start();
    await cluster.client.create(DEFINITIONS, widgetDefinition('Cluster'));
    await cluster.client.create(CLUSTER_POLICIES, policy);
    await untilReady(cluster, 'no-widgets');
    expect(await createWidget(cluster)).toContain('no widgets here');
  });

  it('installed after it are judged as soon as the webhooks know them', async () => {
    const test = await startTestCluster();
    cluster = test;
    await test.start();
    await test.client.create(CLUSTER_POLICIES, policy);
    await untilReady(test, 'no-widgets');
    await test.client.create(DEFINITIONS, widgetDefinition('Cluster'));
    await until('the webhook to name widgets', async () => {
      const { items } = await test.client.list(VALIDATING);
      return JSON.stringify(items).includes('"widgets"');
    });
    expect(await createWidget(test)).toContain('no widgets here');
  });
});

describe('following definitions', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** An API server that serves the kinds of definitions later than it has these. */
  function lagging() {
    const plurals = ['configmaps'];
    const events = new TransformStream<Uint8Array, Uint8Array>();
    const told: string[] = [];
    const client: Parameters<typeof followDefinitions>[0] = {
      list: async () => ({ kind: 'List', apiVersion: 'v1', items: [], resourceVersion: '1' }),
      stream: async (_, request) =>
        events.readable.pipeThrough(
          new TransformStream<Uint8Array, Uint8Array>(),
          request?.signal === undefined ? {} : { signal: request.signal },
        ),
      discovery: {
        invalidate: () => {},
        resources: async () => SERVED.slice(0, 1).flatMap((one) => plurals.map((resource) => ({ ...one, resource }))),
      },
    };
    const followed = followDefinitions(client, createLogger('error', 'json'), () => told.push(plurals.join()));
    const define = (): void => {
      const event = { type: 'ADDED', object: { ...widgetDefinition('Cluster') } };
      void events.writable.getWriter().write(new TextEncoder().encode(`${JSON.stringify(event)}\n`));
    };
    return { plurals, told, define, followed };
  }

  it('what came between the first question and the watch is told', async () => {
    vi.useFakeTimers();
    const { told, followed } = lagging();
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual(['configmaps']);
    await followed.stop();
  });

  it('a kind is told as soon as it is served, and once', async () => {
    vi.useFakeTimers();
    const { plurals, told, define, followed } = lagging();
    await vi.advanceTimersByTimeAsync(0);
    define();
    await vi.advanceTimersByTimeAsync(500);
    expect(told).toEqual(['configmaps', 'configmaps']);
    plurals.push('widgets');
    await vi.advanceTimersByTimeAsync(300);
    expect(told.slice(2)).toEqual(['configmaps,widgets']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toHaveLength(3);
    await followed.stop();
  });
});
