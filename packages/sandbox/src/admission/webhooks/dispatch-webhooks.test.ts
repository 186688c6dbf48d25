import { afterEach, describe, expect, it } from 'vitest';
import { createObject } from '../../api/create-object.ts';
import { PLAIN_WRITE } from '../../api/request-options.ts';
import { StatusError } from '../../api/status-error.ts';
import { createTestCluster, testRequest } from '../../api/test-cluster.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { bootstrapCluster } from '../../workloads/bootstrap-cluster.ts';
import { createAdmissionChain } from '../admission-chain.ts';
import { createServiceResolver } from '../service-resolver.ts';
import {
  hookOf,
  patchResponse,
  startTestWebhook,
  type TestWebhook,
  type WebhookCall,
  type WebhookReply,
} from './test-webhook.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function setUp(reply: (call: WebhookCall) => WebhookReply, names?: readonly string[]) {
  const cluster = createTestCluster();
  const services = createServiceResolver(cluster.store);
  const admission = createAdmissionChain(cluster, services);
  cluster.admission = admission.chain;
  bootstrapCluster(cluster, 'ca');
  const webhook = await startTestWebhook(reply, names);
  stops.push(
    () => webhook.stop(),
    () => admission.stop(),
  );
  const warnings: string[] = [];

  function configure(type: 'mutating' | 'validating', name: string, webhooks: readonly JsonObject[]): void {
    const kind = type === 'mutating' ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration';
    const complete = webhooks.map((entry) => ({ ...defaultsOf(webhook, type), ...entry }));
    cluster.store.create(`${type}webhookconfigurations.admissionregistration.k8s.io`, '', name, {
      kind,
      apiVersion: 'admissionregistration.k8s.io/v1',
      metadata: { name },
      webhooks: complete,
    });
  }

  async function create(metadata: JsonObject, dryRun = false, target = '/v1/configmaps', extra: JsonObject = {}) {
    const request = testRequest(cluster, target, { warnings });
    const object = { ...extra, metadata };
    try {
      const answer = await createObject(cluster, request, { kind: 'object', object }, { ...PLAIN_WRITE, dryRun });
      return { code: answer.code, message: '', object: answer.object };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { code: error.code, message: error.message, reason: error.reason, object: {} };
    }
  }
  return { cluster, services, webhook, warnings, configure, create };
}

function defaultsOf(webhook: TestWebhook, type: string): JsonObject {
  return {
    name: `${type}.hook.dev`,
    clientConfig: { url: `https://127.0.0.1:${webhook.port}/${type}`, caBundle: webhook.caBundle },
    rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['configmaps'], scope: '*' }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 1,
    failurePolicy: 'Fail',
  };
}

describe('how a webhook can answer', () => {
  const failing = (reason: string): string => `Internal error occurred: failed calling webhook "HOOK": ${reason}`;
  const denied = (text: string): string => `admission webhook "validating.hook.dev" denied the request${text}`;

  it.each([
    ['plain', 'validating', {}, 201, ''],
    ['patch', 'mutating', { response: patchResponse([{ op: 'add', path: '/data', value: { a: 'b' } }]) }, 201, ''],
    [
      'bad patch',
      'mutating',
      { response: patchResponse([{ op: 'remove', path: '/metadata/nope' }]) },
      500,
      /^Internal error occurred: error in remove for path: '\/metadata\/nope'/,
    ],
    [
      'undecodable patch',
      'mutating',
      { response: { patchType: 'JSONPatch', patch: btoa('[{"op"') } },
      500,
      failing('received undecodable patch in webhook response: unexpected end of JSON input'),
    ],
    [
      'patch without type',
      'mutating',
      { response: { patch: btoa('[]') } },
      500,
      failing('received invalid webhook response: webhook returned response.patch but not response.patchType'),
    ],
    [
      'patch that breaks validation',
      'mutating',
      { response: patchResponse([{ op: 'add', path: '/metadata/labels', value: { 'bad key': 'x' } }]) },
      422,
      /metadata\.labels: Invalid value: "bad key"/,
    ],
    [
      'denial',
      'validating',
      { response: { allowed: false, status: { message: 'nope nope' } } },
      400,
      denied(': nope nope'),
    ],
    [
      'denial with code and reason',
      'validating',
      { response: { allowed: false, status: { code: 418, message: 'teapot', reason: 'Teapot' } } },
      418,
      denied(': teapot'),
    ],
    ['denial without a word', 'validating', { response: { allowed: false } }, 400, denied(' without explanation')],
    [
      'denial with reason only',
      'validating',
      { response: { allowed: false, status: { reason: 'JustBecause' } } },
      400,
      denied(': JustBecause'),
    ],
    [
      'denial with code 200',
      'validating',
      { response: { allowed: false, status: { code: 200, message: 'm' } } },
      400,
      denied(': m'),
    ],
    [
      'denial of several lines',
      'validating',
      { response: { allowed: false, status: { message: '\n\na\n  b\n' } } },
      400,
      denied(': \n\na\n  b\n'),
    ],
    ['warning', 'validating', { response: { warnings: ['be careful'] } }, 201, ''],
    [
      'no answer in time',
      'validating',
      { delay: 1500 },
      500,
      /failed to call webhook: Post "https:\/\/127\.0\.0\.1:\d+\/validating\?timeout=1s": context deadline exceeded$/,
    ],
    [
      'HTTP 500',
      'validating',
      { status: 500, text: 'boom' },
      500,
      failing('failed to call webhook: an error on the server ("boom") has prevented the request from succeeding'),
    ],
    [
      'no JSON',
      'validating',
      { text: '' },
      500,
      failing("failed to call webhook: couldn't get version/kind; json parse error: unexpected end of JSON input"),
    ],
    [
      'wrong uid',
      'validating',
      { response: { uid: 'x' } },
      500,
      /received invalid webhook response: expected response\.uid="[-0-9a-f]+", got "x"$/,
    ],
    [
      'no kind',
      'validating',
      { text: '{"response":{}}' },
      500,
      failing(
        'received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=',
      ),
    ],
    [
      'no response',
      'validating',
      { response: null },
      500,
      failing('received invalid webhook response: webhook response was absent'),
    ],
  ] as const)('%s', async (_name, type, reply, code, message) => {
    const { configure, create, warnings } = await setUp(() => reply as WebhookReply);
    configure(type, 'config', [{}]);
    const answer = await create({ name: 'a' });
    expect(answer.code).toBe(code);
    if (typeof message === 'string') expect(answer.message).toBe(message.replace('HOOK', `${type}.hook.dev`));
    else expect(answer.message).toMatch(message);
    expect(warnings).toEqual(_name === 'warning' ? ['be careful'] : []);
  });

  it('lets failures through with failurePolicy Ignore, but not denials', async () => {
    const { configure, create } = await setUp((call) =>
      hookOf(call) === 'deny' ? { response: { allowed: false } } : { status: 500 },
    );
    configure('validating', 'config', [{ failurePolicy: 'Ignore' }]);
    expect((await create({ name: 'a' })).code).toBe(201);
    expect((await create({ name: 'b', annotations: { hook: 'deny' } })).code).toBe(400);
  });

  it('refuses dry runs of webhooks with side effects', async () => {
    const { configure, create, webhook } = await setUp(() => ({}));
    configure('validating', 'config', [{ sideEffects: 'Unknown' }]);
    expect(await create({ name: 'a' }, true)).toMatchObject({
      code: 400,
      message: 'admission webhook "validating.hook.dev" does not support dry run',
    });
    expect(webhook.calls).toEqual([]);
  });

  it('answers match conditions it cannot evaluate by the failure policy', async () => {
    const { configure, create, webhook } = await setUp(() => ({}));
    configure('validating', 'config', [{ matchConditions: [{ name: 'c', expression: 'true' }] }]);
    const answer = await create({ name: 'a' });
    expect([answer.code, webhook.calls.length]).toEqual([403, 0]);
    expect(answer.message).toContain("is forbidden: expression 'true' resulted in error: ");
  });
});

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
    stops.push(
      () => webhook.stop(),
      () => admission.stop(),
    );
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
    const { configure, create, webhook } = await setUp(() => ({}));
    configure('validating', 'config', [entry]);
    await create({ name: 'a', labels: { app: 'web' } });
    expect(webhook.calls.length).toBe(calls);
  });

  it('sees an equivalent version of a resource only with matchPolicy Equivalent', async () => {
    const { configure, create, webhook } = await setUp(() => ({}));
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
    const { configure, create, webhook } = await setUp(() => ({ response: { allowed: false } }));
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
    const { configure, create, webhook } = await setUp((call) => {
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
    const { configure, create, webhook } = await setUp((call) => {
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

describe('webhooks behind a Service', () => {
  it('go to the registered port under the name of the Service', async () => {
    const { configure, create, services, webhook } = await setUp(() => ({}), ['svc.ns.svc']);
    configure('validating', 'config', [
      {
        clientConfig: {
          service: { namespace: 'ns', name: 'svc', path: '/check', port: 8443 },
          caBundle: webhook.caBundle,
        },
      },
    ]);
    expect((await create({ name: 'a' })).message).toBe(
      'Internal error occurred: failed calling webhook "validating.hook.dev": failed to call webhook: Post "https://svc.ns.svc:8443/check?timeout=1s": service "svc" not found',
    );
    const remove = services.register('ns/svc:8443', webhook.port);
    expect((await create({ name: 'b' })).code).toBe(201);
    remove();
    expect((await create({ name: 'c' })).code).toBe(500);
  });

  it('go where the Service itself says, for backends in other processes', async () => {
    const { cluster, configure, create, webhook } = await setUp(() => ({}), ['svc.ns.svc']);
    configure('validating', 'config', [
      { clientConfig: { service: { namespace: 'ns', name: 'svc' }, caBundle: webhook.caBundle } },
    ]);
    cluster.store.create('services', 'ns', 'svc', {
      metadata: { name: 'svc', annotations: { 'sandbox.vouchsafe.dev/loopback-port': String(webhook.port) } },
    });
    expect((await create({ name: 'a' })).code).toBe(201);
    expect(webhook.calls.length).toBe(1);
  });

  it('must show a certificate for that name', async () => {
    const { configure, create, services, webhook } = await setUp(() => ({}), ['other.ns.svc']);
    services.register('ns/svc:443', webhook.port);
    configure('validating', 'config', [
      { clientConfig: { service: { namespace: 'ns', name: 'svc' }, caBundle: webhook.caBundle } },
    ]);
    const answer = await create({ name: 'a' });
    expect(answer.code).toBe(500);
    expect(answer.message).toContain(
      'tls: failed to verify certificate: x509: certificate is not valid for svc.ns.svc',
    );
    expect(webhook.calls).toEqual([]);
  });

  it('must be signed by the bundle of the configuration', async () => {
    const { configure, create, webhook } = await setUp(() => ({}));
    const other = await startTestWebhook(() => ({}));
    stops.push(() => other.stop());
    configure('validating', 'config', [
      { clientConfig: { url: `https://127.0.0.1:${webhook.port}/x`, caBundle: other.caBundle } },
    ]);
    const answer = await create({ name: 'a' });
    expect(answer.message).toContain('x509: certificate signed by unknown authority');
  });
});
