import { describe, expect, it } from 'vitest';
import { startWebhookCluster } from './webhook-cluster.fixture.ts';
import { hookOf, patchResponse, type WebhookReply } from './webhook-server.fixture.ts';

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
    const { configure, create, warnings } = await startWebhookCluster(() => reply as WebhookReply);
    configure(type, 'config', [{}]);
    const answer = await create({ name: 'a' });
    expect(answer.code).toBe(code);
    if (typeof message === 'string') expect(answer.message).toBe(message.replace('HOOK', `${type}.hook.dev`));
    else expect(answer.message).toMatch(message);
    expect(warnings).toEqual(_name === 'warning' ? ['be careful'] : []);
  });

  it('lets failures through with failurePolicy Ignore, but not denials', async () => {
    const { configure, create } = await startWebhookCluster((call) =>
      hookOf(call) === 'deny' ? { response: { allowed: false } } : { status: 500 },
    );
    configure('validating', 'config', [{ failurePolicy: 'Ignore' }]);
    expect((await create({ name: 'a' })).code).toBe(201);
    expect((await create({ name: 'b', annotations: { hook: 'deny' } })).code).toBe(400);
  });

  it('refuses dry runs of webhooks with side effects', async () => {
    const { configure, create, webhook } = await startWebhookCluster(() => ({}));
    configure('validating', 'config', [{ sideEffects: 'Unknown' }]);
    expect(await create({ name: 'a' }, true)).toMatchObject({
      code: 400,
      message: 'admission webhook "validating.hook.dev" does not support dry run',
    });
    expect(webhook.calls).toEqual([]);
  });

  it('answers match conditions it cannot evaluate by the failure policy', async () => {
    const { configure, create, webhook } = await startWebhookCluster(() => ({}));
    configure('validating', 'config', [{ matchConditions: [{ name: 'c', expression: 'true' }] }]);
    const answer = await create({ name: 'a' });
    expect([answer.code, webhook.calls.length]).toEqual([403, 0]);
    expect(answer.message).toContain("is forbidden: expression 'true' resulted in error: ");
  });
});
