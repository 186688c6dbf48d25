import { type CompiledPolicy, createEngine, loadPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { celWebhooks } from './cel-webhooks.ts';
import type { WebhookInputs } from './webhook-inputs.ts';

const engine = createEngine({ host: NODE_HOST });

const CONFIGURED: JsonObject = {
  matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
};
const INPUTS: WebhookInputs = {
  policies: [],
  served: [],
  target: { kind: 'url', base: 'https://here' },
  caBundle: 'PEM',
  defaultTimeout: 10,
  namespaceSelector: CONFIGURED,
  objectSelector: undefined,
  matchConditions: [],
  labels: {},
  annotations: {},
  auditOnly: 'Policy',
};
const DEPLOYMENTS = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] };
const PODS = { ...DEPLOYMENTS, apiGroups: [''], resources: ['pods'] };

interface Given {
  readonly kind?: string;
  readonly namespace?: string;
  readonly rule?: JsonObject;
  readonly constraints?: JsonObject;
  readonly spec?: JsonObject;
}

function policy(
  name: string,
  { kind = 'ValidatingPolicy', namespace, rule = DEPLOYMENTS, constraints, spec }: Given = {},
) {
  const loaded = loadPolicy({
    apiVersion: 'policies.kyverno.io/v1',
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
    spec: {
      matchConstraints: { resourceRules: [rule], ...constraints },
      validations: [{ expression: 'true' }],
      ...spec,
    },
  });
  const compiled = loaded.policy && engine.compile(loaded.policy).compiled;
  if (!compiled) throw new Error(JSON.stringify(loaded.diagnostics));
  return compiled;
}

function webhooks(
  side: 'mutating' | 'validating',
  ...policies: readonly ReturnType<typeof policy>[]
): readonly (JsonObject & { readonly path: string })[] {
  return celWebhooks(side, policies, INPUTS).map((webhook) => {
    const { url } = webhook['clientConfig'] as { url: string };
    return { ...webhook, path: new URL(url).pathname };
  });
}

const CONDITION = { name: 'prod', expression: "object.metadata.labels.prod == 'true'" };

describe('the webhooks of policies in CEL', () => {
  it('are one a family and failure policy, whose path names the policies', () => {
    const found = webhooks('validating', policy('b'), policy('a'), policy('c', { spec: { failurePolicy: 'Ignore' } }));
    expect(found.map(({ name, path, failurePolicy }) => [name, path, failurePolicy])).toEqual([
      ['vpol.validate.kyverno.svc-fail', '/vpol/a/b', 'Fail'],
      ['vpol.validate.kyverno.svc-ignore', '/vpol/c', 'Ignore'],
    ]);
    expect(found[0]).toMatchObject({ namespaceSelector: CONFIGURED, objectSelector: {}, timeoutSeconds: 10 });
  });

  it.each([
    ['conditions', { spec: { matchConditions: [CONDITION] } }, { matchConditions: [CONDITION] }],
    ['a timeout', { spec: { webhookConfiguration: { timeoutSeconds: 3 } } }, { timeoutSeconds: 3 }],
    ['an exact match', { constraints: { matchPolicy: 'Exact' } }, { matchPolicy: 'Exact' }],
  ] as const)('%s make one of its own', (_, given, expected) => {
    const [own, shared] = webhooks('validating', policy('a', given), policy('b'));
    expect(own).toMatchObject({ name: 'vpol.validate.kyverno.svc-fail-finegrained-a', path: '/vpol/a', ...expected });
    expect(shared).toMatchObject({ name: 'vpol.validate.kyverno.svc-fail', path: '/vpol/b' });
  });

  it('are called for equivalent resources where they mutate, whatever is exact', () => {
    const constraints = { matchPolicy: 'Exact' };
    const given = { kind: 'ImageValidatingPolicy', constraints, spec: { attestors: [] } };
    const [mutating] = webhooks('mutating', policy('a', given));
    const [validating] = webhooks('validating', policy('a', given));
    expect([mutating?.['matchPolicy'], validating?.['matchPolicy']]).toEqual(['Equivalent', 'Exact']);
    expect(mutating?.['name']).toContain('-finegrained-a');
  });

  it('hear of deletions where those trigger mutations of what exists, and of no others that mutate', () => {
    const asked = (evaluation: JsonObject) =>
      webhooks(
        'mutating',
        policy('m', {
          kind: 'MutatingPolicy',
          rule: { ...DEPLOYMENTS, operations: ['UPDATE', 'DELETE'] },
          spec: { evaluation },
        }),
      ).flatMap((webhook) => (webhook['rules'] as readonly JsonObject[]).map((rule) => rule['operations']));
    expect(asked({ mutateExisting: { enabled: true } })).toEqual([['DELETE', 'UPDATE']]);
    expect(asked({})).toEqual([['UPDATE']]);
  });

  it('conditions that only we can evaluate stay with us', () => {
    const matchConditions = [CONDITION, { name: 'image', expression: "image('a').registry() == 'x'" }];
    const [shared] = webhooks('validating', policy('a', { spec: { matchConditions } }));
    expect(shared).toMatchObject({ name: 'vpol.validate.kyverno.svc-fail' });
    expect(shared).not.toHaveProperty('matchConditions');
  });

  it.each([
    ['a name the API server refuses', [{ ...CONDITION, name: 'not a name' }]],
    ['more than a webhook takes', Array.from({ length: 64 }, (_, at) => ({ ...CONDITION, name: `prod-${at}` }))],
  ])('%s stays with us, as one such condition would cost all policies their webhooks', (_, matchConditions) => {
    const [found] = webhooks('validating', policy('a', { spec: { matchConditions } }));
    expect(found).toBeDefined();
    expect(found).not.toHaveProperty('matchConditions');
  });

  it('have names that are their own and no longer than a name may be', () => {
    const spec = { matchConditions: [CONDITION] };
    const found = webhooks(
      'validating',
      policy('b-c', { kind: 'NamespacedValidatingPolicy', namespace: 'a', spec }),
      policy('c', { kind: 'NamespacedValidatingPolicy', namespace: 'a-b', spec }),
      policy(`${'n'.repeat(252)}1`, { spec }),
      policy(`${'n'.repeat(252)}2`, { spec }),
    ).map(({ name }) => String(name));
    expect(new Set(found).size).toBe(4);
    expect(found.every((name) => name.length <= 253)).toBe(true);
  });

  it('conditions of what autogen made are guarded by what it is about', () => {
    const [own] = webhooks('validating', policy('a', { rule: PODS, spec: { matchConditions: [CONDITION] } }));
    const conditions = own?.['matchConditions'] as readonly { name: string; expression: string }[];
    expect(conditions.map(({ name }) => name)).toEqual([
      'autogen-prod',
      'autogen-cronjobs-prod',
      'autogen-defaults-prod',
    ]);
    expect(conditions[0]?.expression).toBe(
      "!((object.apiVersion == 'v1' && object.kind =='Pod')) || (object.metadata.labels.prod == 'true')",
    );
    expect(conditions[1]?.expression).toBe(
      "!((object.apiVersion == 'batch/v1' && object.kind =='CronJob')) || (object.spec.jobTemplate.spec.template.metadata.labels.prod == 'true')",
    );
  });

  it('what autogen made is asked for by rules of its own, unless a policy asks itself', () => {
    const cronJobs = { apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['cronjobs'] };
    const resourcesOf = (...policies: CompiledPolicy[]) => {
      const [webhook] = webhooks('validating', ...policies);
      return ((webhook?.['rules'] ?? []) as readonly { resources: string[] }[]).map(({ resources }) => resources);
    };
    const controllers = ['daemonsets', 'deployments', 'replicasets', 'statefulsets'];
    const pods = policy('a', { rule: PODS });
    expect(resourcesOf(pods)).toEqual([['pods'], controllers, ['cronjobs'], ['jobs']]);
    const itself = policy('b', { rule: { ...cronJobs, operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] } });
    expect(resourcesOf(pods, itself).flat().sort()).toEqual([...controllers, 'cronjobs', 'jobs', 'pods'].sort());
  });

  it('selectors that differ never share one', () => {
    const selected = policy('a', { constraints: { objectSelector: { matchLabels: { app: 'x' } } } });
    const found = webhooks('validating', selected, policy('b'));
    expect(new Set(found.map(({ name }) => name)).size).toBe(2);
    expect(found.map(({ path }) => path).sort()).toEqual(['/vpol/a', '/vpol/b']);
    expect(found.find(({ path }) => path === '/vpol/a')).toMatchObject({
      objectSelector: { matchLabels: { app: 'x' } },
    });
  });

  it('of a namespaced policy are called for its namespace alone', () => {
    const [own] = webhooks('validating', policy('a', { kind: 'NamespacedValidatingPolicy', namespace: 'team' }));
    expect(own).toMatchObject({
      name: 'nvpol.validate.kyverno.svc-fail',
      namespaceSelector: {
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['team'] },
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] },
        ],
      },
    });
  });

  it('never stop what a cluster needs to come back', () => {
    const [fail, bootstrap] = webhooks(
      'validating',
      policy('a', { rule: { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] } }),
    );
    expect(JSON.stringify(fail?.['matchConditions'])).toContain('leases');
    expect(bootstrap).toMatchObject({ failurePolicy: 'Ignore', path: '/vpol/a' });
    expect(JSON.stringify(bootstrap?.['rules'])).toContain('leases');
  });

  it('more names than a path holds stand for all', () => {
    const many = Array.from({ length: 100 }, (_, index) => policy(`a-name-of-some-length-${index}`));
    expect(webhooks('validating', ...many)[0]?.path).toBe('/vpol');
  });
});
