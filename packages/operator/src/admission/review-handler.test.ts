import type { Decision } from '@vouchsafe/engine';
import type { Fact, FactRequest } from '@vouchsafe/engine/facts';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { never, pod, review, route, setUp } from './review-handler.fixture.ts';
import { createDeadline } from './review-handler.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const VERIFY_ANNOTATION = 'kyverno.io/verify-images';

function policy(name: string, rule: JsonObject, spec: JsonObject = {}): JsonObject {
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: { ...spec, rules: [{ name: 'rule', match, ...rule }] },
  };
}

const requireTeam = (failureAction: 'Enforce' | 'Audit', spec: JsonObject = {}) =>
  policy(
    'require-team',
    { validate: { failureAction, message: 'team is required', pattern: { metadata: { labels: { team: '?*' } } } } },
    spec,
  );
const addTeam = policy('add-team', {
  mutate: { patchStrategicMerge: { metadata: { labels: { '+(team)': 'added' } } } },
});
const verify = (failureAction: 'Enforce' | 'Audit' = 'Enforce', spec: JsonObject = {}) =>
  policy(
    'verify',
    {
      verifyImages: [
        {
          imageReferences: ['ghcr.io/acme/*'],
          failureAction,
          attestors: [{ entries: [{ keys: { publicKeys: 'k8s://kyverno/cosign' } }] }],
        },
      ],
    },
    spec,
  );

async function signed(request: FactRequest): Promise<Fact<Json>> {
  if (request.kind !== 'image-verification') return { ok: false, class: 'unavailable', message: 'not asked for' };
  const entries = [{ path: '.attestors[0].entries[0].keys', verified: true, failures: [] }];
  const sets = [{ verifiedCount: 1, requiredCount: 1, entries }];
  return { ok: true, value: { digest: DIGEST, verified: true, sets, attestations: [], fromCache: false } };
}

const away = async (): Promise<Fact<Json>> => ({ ok: false, class: 'transient', message: 'connection refused' });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const statusesOf = (decisions: readonly Decision[] | undefined) =>
  decisions?.flatMap(({ results }) => results.map(({ status }) => status));

describe('validate', () => {
  it('refuses what an enforcing policy forbids, and tells why', async () => {
    const { handler, outcomes } = setUp({ policies: [requireTeam('Enforce')] });
    const answer = await handler.validate(review(pod()), route());
    expect(answer.allowed).toBe(false);
    expect(answer.message).toContain('resource Pod/default/web was blocked');
    expect(answer.message).toContain('team is required');
    await nextTurn();
    expect(outcomes).toMatchObject([{ webhook: 'validating', allowed: false, late: false, message: answer.message }]);
    const [explained] = (await outcomes[0]?.explain()) ?? [];
    expect(explained?.trace?.length).toBeGreaterThan(0);
  });

  it('allows what conforms, without a word', async () => {
    const { handler, late } = setUp({ policies: [requireTeam('Enforce')] });
    const answer = await handler.validate(review(pod('nginx', { labels: { team: 'a' } })), route());
    expect(answer).toEqual({ allowed: true, patch: [] });
    expect(late).toEqual([]);
  });

  it('looks at what only audits after the answer', async () => {
    const { handler, late, outcomes } = setUp({ policies: [requireTeam('Audit')] });
    expect(await handler.validate(review(pod()), route('Ignore'))).toEqual({ allowed: true, patch: [] });
    expect(late).toHaveLength(1);
    await late[0]?.();
    await nextTurn();
    expect(outcomes.map((outcome) => [outcome.late, statusesOf(outcome.decisions)])).toEqual([
      [false, []],
      [true, ['fail']],
    ]);
  });

  it('asks the policies of the webhook that was called', async () => {
    const { handler } = setUp({ policies: [requireTeam('Enforce', { failurePolicy: 'Ignore' })] });
    expect((await handler.validate(review(pod()), route('Fail'))).allowed).toBe(true);
    expect((await handler.validate(review(pod()), route('Ignore'))).allowed).toBe(false);
  });

  it('leaves out filtered resources and excluded users', async () => {
    const filtered = setUp({
      policies: [requireTeam('Enforce')],
      configuration: { resourceFilters: '[Pod,default,*]' },
    });
    expect(await filtered.handler.validate(review(pod()), route())).toEqual({ allowed: true });
    const excluded = setUp({ policies: [requireTeam('Enforce')], configuration: { excludeUsernames: 'jane' } });
    expect(await excluded.handler.validate(review(pod()), route())).toEqual({ allowed: true });
    await nextTurn();
    expect([filtered.outcomes, excluded.outcomes]).toEqual([[], []]);
    const elsewhere = review(pod('nginx', { namespace: 'other' }), { namespace: 'other' });
    expect((await filtered.handler.validate(elsewhere, route())).allowed).toBe(false);
  });

  it('knows the labels of the namespace', async () => {
    const match = { any: [{ resources: { kinds: ['Pod'], namespaceSelector: { matchLabels: { tier: 'prod' } } } }] };
    const { handler } = setUp({
      policies: [policy('prod', { match, validate: { failureAction: 'Enforce', message: 'no', deny: {} } })],
    });
    expect((await handler.validate(review(pod()), route())).allowed).toBe(true);
    const inProd = review(pod('nginx', { namespace: 'prod' }), { namespace: 'prod' });
    expect((await handler.validate(inProd, route())).allowed).toBe(false);
  });

  it('an error blocks under failurePolicy Fail and passes under Ignore', async () => {
    const rule = {
      validate: {
        failureAction: 'Enforce',
        message: 'm',
        deny: { conditions: { any: [{ key: '{{ request.object.spec.nothing }}', operator: 'Equals', value: 'x' }] } },
      },
    };
    const closed = setUp({ policies: [policy('p', rule)] });
    expect((await closed.handler.validate(review(pod()), route('Fail'))).allowed).toBe(false);
    const open = setUp({ policies: [policy('p', rule, { failurePolicy: 'Ignore' })] });
    expect((await open.handler.validate(review(pod()), route('Ignore'))).allowed).toBe(true);
  });
});

describe('mutate', () => {
  it('patches, and verifies what the patches made of it', async () => {
    const swap = policy('swap', {
      mutate: { patchesJson6902: '- { op: replace, path: /spec/containers/0/image, value: "ghcr.io/acme/app:2" }' },
    });
    const { handler, asked } = setUp({ policies: [swap, verify()], answer: signed });
    const answer = await handler.mutate(review(pod('nginx')), route());
    expect(answer.allowed).toBe(true);
    expect(asked.map((request) => 'reference' in request && request.reference)).toEqual(['ghcr.io/acme/app:2']);
    expect(answer.patch).toContainEqual({
      op: 'replace',
      path: '/spec/containers/0/image',
      value: `ghcr.io/acme/app:2@${DIGEST}`,
    });
    const writes = (answer.patch ?? []).map((operation) => (operation as { path: string }).path);
    expect(writes.indexOf('/spec/containers/0/image')).toBeLessThan(writes.length - 1);
  });

  it('drops what a policy had changed before one of its rules failed, and keeps the changes of others', async () => {
    const match = { any: [{ resources: { kinds: ['Pod'] } }] };
    const label = (key: string, value: string): JsonObject => ({
      name: key,
      match,
      mutate: { patchStrategicMerge: { metadata: { labels: { [key]: value } } } },
    });
    const half: JsonObject = {
      apiVersion: 'kyverno.io/v1',
      kind: 'ClusterPolicy',
      metadata: { name: 'half' },
      spec: {
        failurePolicy: 'Ignore',
        rules: [label('first', 'x'), label('second', '{{ request.object.spec.nothing }}')],
      },
    };
    const whole = {
      ...half,
      metadata: { name: 'whole' },
      spec: { failurePolicy: 'Ignore', rules: [label('third', 'z')] },
    };
    const { handler } = setUp({ policies: [half, whole] });
    const answer = await handler.mutate(review(pod('nginx', { labels: { app: 'web' } })), route('Ignore'));
    expect(answer).toMatchObject({ allowed: true, patch: [{ op: 'add', path: '/metadata/labels/third', value: 'z' }] });
    expect(answer.patch).toHaveLength(1);
    const closed = setUp({ policies: [{ ...half, spec: { ...(half['spec'] as JsonObject), failurePolicy: 'Fail' } }] });
    expect(await closed.handler.mutate(review(pod('nginx')), route('Fail'))).toMatchObject({
      allowed: false,
      patch: [],
    });
  });

  it('does not touch what no policy is about', async () => {
    const { handler } = setUp({ policies: [addTeam] });
    expect((await handler.mutate(review(pod('nginx', { labels: { team: 'a' } })), route())).patch).toEqual([]);
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
    expect(await handler.mutate(review(map), route())).toMatchObject({ allowed: true, patch: [] });
  });

  it('takes claims of verification away before anyone reads them', async () => {
    const claim = { annotations: { [VERIFY_ANNOTATION]: `{"ghcr.io/acme/app:1":"pass"}`, kept: 'yes' } };
    const { handler, outcomes } = setUp({ policies: [verify()], answer: signed });
    const answer = await handler.mutate(review(pod('nginx', claim)), route());
    expect(answer.patch).toContainEqual({ op: 'remove', path: '/metadata/annotations/kyverno.io~1verify-images' });
    await nextTurn();
    expect(JSON.stringify(outcomes[0]?.request.resource)).not.toContain('pass');
    expect(JSON.stringify(outcomes[0]?.request.resource)).toContain('kept');
  });

  it('takes them away of excluded requests as well', async () => {
    const claim = { annotations: { [VERIFY_ANNOTATION]: '{}' } };
    const { handler } = setUp({ policies: [verify()], configuration: { excludeUsernames: 'jane' } });
    const answer = await handler.mutate(review(pod('nginx', claim)), route());
    expect(answer).toEqual({
      allowed: true,
      patch: [{ op: 'remove', path: '/metadata/annotations/kyverno.io~1verify-images' }],
    });
  });

  it('leaves annotations alone where no policy verifies images', async () => {
    const claim = { annotations: { [VERIFY_ANNOTATION]: '{}' } };
    const { handler } = setUp({ policies: [addTeam] });
    const answer = await handler.mutate(review(pod('nginx', { ...claim, labels: { team: 'a' } })), route());
    expect(answer.patch).toEqual([]);
  });

  it('refuses an unverified image without a patch', async () => {
    const { handler } = setUp({
      policies: [addTeam, verify()],
      answer: async () => ({ ok: false, class: 'not-found', message: 'no signatures found' }),
    });
    const answer = await handler.mutate(review(pod()), route());
    expect(answer).toMatchObject({ allowed: false, patch: [] });
    expect(answer.message).toContain('no signatures found');
  });

  it.each<[string, JsonObject, 'Fail' | 'Ignore', boolean]>([
    ['refuses, failing closed', verify(), 'Fail', false],
    ['allows under Ignore', verify('Enforce', { failurePolicy: 'Ignore' }), 'Ignore', true],
    ['allows in Audit', verify('Audit'), 'Ignore', true],
  ])('when the registry is away it %s', async (_, document, failurePolicy, allowed) => {
    const { handler } = setUp({ policies: [document], answer: away });
    const answer = await handler.mutate(review(pod()), route(failurePolicy));
    expect(answer.allowed).toBe(allowed);
    expect((answer.patch ?? []).filter((operation) => JSON.stringify(operation).includes('@sha256'))).toEqual([]);
  });

  it('an update that changes no image passes a registry that is away', async () => {
    const { handler } = setUp({ policies: [verify()], answer: away });
    const pinned = `ghcr.io/acme/app:1@${DIGEST}`;
    const oldObject = pod(pinned);
    const update = review(pod(pinned, { labels: { a: 'b' } }), { operation: 'UPDATE', oldObject });
    expect((await handler.mutate(update, route())).allowed).toBe(true);
    expect((await handler.validate(update, route())).allowed).toBe(true);
    const other = review(pod(`ghcr.io/acme/app:2@${DIGEST}`), { operation: 'UPDATE', oldObject });
    expect((await handler.mutate(other, route())).allowed).toBe(false);
  });
});

describe('deadlines', () => {
  it('facts that do not come end inside the webhook’s own timeout, and the answer says so', async () => {
    const { handler } = setUp({
      policies: [verify()],
      answer: (_, signal) =>
        new Promise((resolve) => {
          signal?.addEventListener('abort', () =>
            resolve({ ok: false, class: 'timed-out', message: 'no answer in time' }),
          );
        }),
    });
    const begun = performance.now();
    const answer = await handler.mutate(review(pod()), route('Fail', 1));
    expect(performance.now() - begun).toBeLessThan(950);
    expect(answer.allowed).toBe(false);
    expect(answer.message).toContain('no answer in time');
  });

  it.each<[number | undefined, number, number]>([
    [1, 450, 600],
    [0.2, 80, 200],
  ])('of %s seconds', async (seconds, low, high) => {
    const begun = performance.now();
    const signal = createDeadline(seconds, () => never)();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    const waited = performance.now() - begun;
    expect(waited).toBeGreaterThan(low);
    expect(waited).toBeLessThan(high);
  });

  it('a caller that goes away ends them', () => {
    const gone = new AbortController();
    const deadline = createDeadline(10, () => gone.signal);
    expect(deadline()).toBe(deadline());
    expect(deadline().aborted).toBe(false);
    gone.abort();
    expect(deadline().aborted).toBe(true);
  });
});

describe('the guard', () => {
  it('puts claims back as they were', async () => {
    const { handler } = setUp({ policies: [] });
    const object = pod('nginx', { annotations: { [VERIFY_ANNOTATION]: 'forged' } });
    const oldObject = pod('nginx', { annotations: { [VERIFY_ANNOTATION]: 'true one' } });
    const path = '/metadata/annotations/kyverno.io~1verify-images';
    const update = review(object, { operation: 'UPDATE', subResource: 'status', oldObject });
    expect(handler.guard(update)).toEqual({ allowed: true, patch: [{ op: 'replace', path, value: 'true one' }] });
    expect(handler.guard(review(object)).patch).toEqual([{ op: 'remove', path }]);
  });
});

it('mutating policies in CEL that do not heed a user are not asked about a request of theirs', async () => {
  const expression = "Object{metadata: Object.metadata{labels: {'a': 'b'}}}";
  const label: JsonObject = {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'MutatingPolicy',
    metadata: { name: 'label' },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    },
  };
  const { handler } = setUp({ policies: [label, addTeam] });
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const patched = async (username: string, family: string | undefined) => {
    const asked = {
      ...route(),
      ...(family === undefined ? {} : { family: { path: family, names: new Set<string>() } }),
    };
    const { patch } = await handler.mutate(review(pod(), { resource, userInfo: { username } }), asked);
    return patch?.length;
  };
  expect(await Promise.all([patched('jane', '/mpol'), patched('ours', '/mpol')])).toEqual([1, 0]);
  expect(await Promise.all([patched('jane', undefined), patched('ours', undefined)])).toEqual([1, 1]);
});
