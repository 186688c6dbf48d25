import { createEngine } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { parseClusterConfiguration } from '../settings/cluster-configuration.ts';
import { createPolicyStore } from '../store/policy-store.ts';
import { parseAdmissionReview } from './review.ts';
import { createDeadline, createReviewHandler, type ReviewRoute } from './review-handler.ts';
import { createRoleIndex } from './role-index.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const SIGNED: JsonObject = {
  digest: DIGEST,
  verified: true,
  sets: [
    {
      verifiedCount: 1,
      requiredCount: 1,
      entries: [{ path: '.attestors[0].entries[0].keys', verified: true, failures: [] }],
    },
  ],
  attestations: [],
  fromCache: false,
};
const VERIFY_ANNOTATION = 'kyverno.io/verify-images';

function policy(name: string, rule: JsonObject, conditions: readonly string[], kinds = ['Pod']): JsonObject {
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name },
    spec: {
      webhookConfiguration: {
        matchConditions: conditions.map((expression, index) => ({ name: `c${index}`, expression })),
      },
      rules: [{ name: 'r', match: { any: [{ resources: { kinds } }] }, ...rule }],
    },
  };
}

const DENY = { validate: { failureAction: 'Enforce', message: 'no', deny: {} } };
const verify = (images: string): JsonObject => ({
  verifyImages: [
    {
      imageReferences: [images],
      failureAction: 'Enforce',
      attestors: [{ entries: [{ keys: { publicKeys: 'k8s://a/b' } }] }],
    },
  ],
});
const VERIFY = verify('ghcr.io/*');

function setUp(...policies: JsonObject[]) {
  const engine = createEngine({ host: NODE_HOST });
  const store = createPolicyStore({ engine, auditMutateDigest: 'warn', auditOnly: 'Ignore' });
  for (const document of policies) store.upsert(document);
  store.flush();
  return createReviewHandler({
    snapshot: () => store.snapshot,
    facts: {
      kinds: new Set(['image-verification']),
      fetch: async (requests) => requests.map(() => ({ ok: true, value: SIGNED })),
    },
    configuration: () => parseClusterConfiguration({}, 'kyverno'),
    roles: () => createRoleIndex([]),
    namespaceLabels: () => ({}),
    parentKind: () => undefined,
    onDecided: () => {},
    enqueueAudit: () => {},
    now: () => 0,
  });
}

const never = new AbortController().signal;
const route = (key?: string, failurePolicy: 'Fail' | 'Ignore' = 'Fail'): ReviewRoute => ({
  failurePolicy,
  ...(key === undefined ? {} : { policy: key }),
  deadline: createDeadline(10, () => never),
});

function review(object: JsonObject) {
  const kind = { group: '', version: 'v1', kind: String(object['kind']) };
  const request = { uid: 'u', kind, operation: 'CREATE', namespace: 'default', name: 'web', object };
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
  const parsed = parseAdmissionReview(body);
  if (!parsed) throw new Error('no review');
  return parsed;
}

const pod = (annotations: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', annotations },
  spec: { containers: [{ name: 'a', image: 'ghcr.io/a/b:1' }] },
});

describe('the webhooks of a policy with conditions', () => {
  it.each<[string, ReviewRoute, boolean]>([
    ['its own', route('met'), false],
    ['its own, where the conditions do not hold', route('unmet'), true],
    ['the one others share', route(), true],
    ['that of a policy that is gone', route('gone'), true],
  ])('%s', async (_name, called, allowed) => {
    const handler = setUp(policy('met', DENY, ['true']), policy('unmet', DENY, ['false']));
    expect(await handler.validate(review(pod()), called)).toMatchObject({ allowed });
  });

  it('nodes come through the shared one for Ignore, and meet the conditions in process', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } };
    const answer = async (condition: string) =>
      setUp(policy('p', DENY, [condition], ['Node'])).validate(review(node), route(undefined, 'Ignore'));
    expect(await answer('true')).toMatchObject({ allowed: false });
    expect(await answer('false')).toMatchObject({ allowed: true });
  });

  it('verify images, unlike upstream', async () => {
    const answer = await setUp(policy('images', VERIFY, ['true'])).mutate(review(pod()), route('images'));
    expect(answer.allowed).toBe(true);
    expect(JSON.stringify(answer.patch)).toContain(`ghcr.io/a/b:1@${DIGEST}`);
    expect(JSON.stringify(answer.patch)).toContain(VERIFY_ANNOTATION.replace('/', '~1'));
  });

  it('take away claims where the conditions do not hold', async () => {
    const claimed = pod({ [VERIFY_ANNOTATION]: '{"ghcr.io/a/b:1":"pass"}' });
    const answer = await setUp(policy('images', VERIFY, ['false'])).mutate(review(claimed), route('images'));
    expect(answer.patch).toMatchObject([{ op: 'remove' }]);
  });

  it('keep what others found out', async () => {
    const handler = setUp(
      policy('one', verify('ghcr.io/one/*'), ['true']),
      policy('two', verify('ghcr.io/two/*'), ['true']),
    );
    const object: JsonObject = {
      ...pod({ [VERIFY_ANNOTATION]: '{"ghcr.io/forged:1":"pass"}' }),
      spec: {
        containers: [
          { name: 'a', image: `ghcr.io/one/a@${DIGEST}` },
          { name: 'b', image: 'ghcr.io/two/b:1' },
        ],
      },
    };
    const patch = JSON.stringify((await handler.mutate(review(object), route('two'))).patch);
    expect(patch).toContain(`ghcr.io/one/a@${DIGEST}\\":\\"pass`);
    expect(patch).toContain(`ghcr.io/two/b@${DIGEST}\\":\\"pass`);
    expect(patch).not.toContain('forged');
  });
});
