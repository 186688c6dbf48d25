import { describe, expect, it, onTestFinished } from 'vitest';
import { createObject } from '../../api/create-object.ts';
import { PLAIN_WRITE } from '../../api/request-options.ts';
import { createTestCluster, testRequest } from '../../api/test-cluster.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { bootstrapCluster } from '../../workloads/bootstrap-cluster.ts';
import { createAdmissionChain } from '../admission-chain.ts';
import { createServiceResolver } from '../service-resolver.ts';
import { defaultsOf, startWebhookCluster } from './webhook-cluster.fixture.ts';
import { patchResponse, startTestWebhook } from './webhook-server.fixture.ts';

describe('match conditions', () => {
  it('decide before the call, the first false one whatever the others say', async () => {
    const cluster = createTestCluster();
    const admission = createAdmissionChain(cluster, createServiceResolver(), (expression) => ({ object }) => {
      const name = (object?.['metadata'] as JsonObject | undefined)?.['name'];
      return expression === 'broken' ? { error: 'no such key' } : name === expression;
    });
    cluster.admission = admission.chain;
    bootstrapCluster(cluster, 'ca');
    const webhook = await startTestWebhook(() => ({ response: { allowed: false } }));
    onTestFinished(() => webhook.stop());
    onTestFinished(() => admission.stop());
    const conditions = ['broken', 'wanted'].map((expression) => ({ name: `is-${expression}`, expression }));
    cluster.store.create('validatingwebhookconfigurations.admissionregistration.k8s.io', '', 'c', {
      metadata: { name: 'c' },
      webhooks: [{ ...defaultsOf(webhook, 'validating'), matchConditions: conditions }],
    });
    const create = (name: string) =>
      createObject(
        cluster,
        testRequest(cluster, '/v1/configmaps'),
        { kind: 'object', object: { metadata: { name } } },
        PLAIN_WRITE,
      );
    expect((await create('other')).code).toBe(201);
    await expect(create('wanted')).rejects.toThrow("is forbidden: expression 'broken' resulted in error: no such key");
    expect(webhook.calls).toEqual([]);
  });
});

describe('which webhooks are called', () => {
  const rule = (parts: JsonObject): JsonObject => ({
    rules: [
      { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], scope: '*', ...parts },
    ],
  });

  it.each([
    ['the plain rule', {}, 1],
    ['another operation', rule({ operations: ['UPDATE'] }), 0],
    ['another group', rule({ apiGroups: ['apps'] }), 0],
    ['all resources', rule({ resources: ['*'] }), 1],
    ['all parts of all resources', rule({ resources: ['*/*'] }), 1],
    ['parts only', rule({ resources: ['configmaps/status'] }), 0],
    ['cluster scope', rule({ scope: 'Cluster' }), 0],
    ['namespaced scope', rule({ scope: 'Namespaced' }), 1],
    ['a matching object selector', { objectSelector: { matchLabels: { app: 'web' } } }, 1],
    ['another object selector', { objectSelector: { matchLabels: { app: 'api' } } }, 0],
    [
      'a matching namespace selector',
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } },
      1,
    ],
    [
      'another namespace selector',
      {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['default'] }],
        },
      },
      0,
    ],
  ])('%s', async (_name, entry, calls) => {
    const { configure, create, webhook } = await startWebhookCluster(() => ({}));
    configure('validating', 'config', [entry]);
    await create({ name: 'a', labels: { app: 'web' } });
    expect(webhook.calls.length).toBe(calls);
  });

  it('sees an equivalent version of a resource only with matchPolicy Equivalent', async () => {
    const { configure, create, webhook } = await startWebhookCluster(() => ({}));
    const rules = [
      { operations: ['CREATE'], apiGroups: ['events.k8s.io'], apiVersions: ['v1'], resources: ['events'], scope: '*' },
    ];
    configure('validating', 'exact', [
      {
        rules,
        matchPolicy: 'Exact',
        clientConfig: { url: `https://127.0.0.1:${webhook.port}/exact`, caBundle: webhook.caBundle },
      },
    ]);
    configure('validating', 'equivalent', [{ rules, matchPolicy: 'Equivalent' }]);
    await create({ name: 'e' }, false, '/v1/events', { involvedObject: { kind: 'Pod' }, message: 'hello' });
    expect(webhook.calls.map(({ path }) => path)).toEqual(['/validating?timeout=1s']);
    expect(webhook.calls[0]?.request).toMatchObject({
      kind: { group: 'events.k8s.io', version: 'v1', kind: 'Event' },
      resource: { group: 'events.k8s.io', resource: 'events' },
      requestKind: { group: '', version: 'v1', kind: 'Event' },
      object: { apiVersion: 'events.k8s.io/v1', note: 'hello', regarding: { kind: 'Pod' } },
    });
  });

  it('never asks about webhook configurations', async () => {
    const { configure, create, webhook } = await startWebhookCluster(() => ({ response: { allowed: false } }));
    configure('validating', 'config', [rule({ apiGroups: ['*'], resources: ['*'] })]);
    const answer = await create(
      { name: 'x' },
      false,
      'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
      { webhooks: [] },
    );
    expect([answer.code, webhook.calls.length]).toEqual([201, 0]);
  });

  it('calls in order of configuration names, then of the list, each seeing what came before', async () => {
    const { configure, create, webhook } = await startWebhookCluster((call) => {
      const data = (call.request['object'] as JsonObject)['data'] as JsonObject | undefined;
      const value = { ...data, [`k${Object.keys(data ?? {}).length}`]: call.path };
      return { response: patchResponse([{ op: 'add', path: '/data', value }]) };
    });
    const at = (path: string): JsonObject => ({
      name: `${path}.dev`,
      clientConfig: { url: `https://127.0.0.1:${webhook.port}/${path}`, caBundle: webhook.caBundle },
    });
    configure('mutating', 'b', [at('b1'), at('b2')]);
    configure('mutating', 'a', [at('a1')]);
    const { object } = await create({ name: 'x' });
    expect(object).toHaveProperty('data', { k0: '/a1?timeout=1s', k1: '/b1?timeout=1s', k2: '/b2?timeout=1s' });
  });

  it('invokes again only what asks for it and was overtaken by a change', async () => {
    const { configure, create, webhook } = await startWebhookCluster((call) => {
      const data = (call.request['object'] as JsonObject)['data'] as JsonObject | undefined;
      const changes = call.path.startsWith('/late') && data?.['late'] === undefined;
      return changes
        ? { response: patchResponse([{ op: 'add', path: '/data', value: { ...data, late: 'yes' } }]) }
        : {};
    });
    const at = (path: string, reinvocationPolicy: string): JsonObject => ({
      name: `${path}.dev`,
      reinvocationPolicy,
      clientConfig: { url: `https://127.0.0.1:${webhook.port}/${path}`, caBundle: webhook.caBundle },
    });
    configure('mutating', 'a', [at('early', 'IfNeeded'), at('never', 'Never'), at('late', 'IfNeeded')]);
    await create({ name: 'x' });
    expect(webhook.calls.map(({ path }) => path.split('?')[0])).toEqual(['/early', '/never', '/late', '/early']);
  });
});
