import type { CompiledPolicy, Phase } from '@vouchsafe/engine';
import { describe, expect, it } from 'vitest';
import { computeResourceWebhooks } from './resource-webhooks.ts';
import type { WebhookInputs } from './webhook-inputs.ts';
import { computeWebhookRules, type ServedResource } from './webhook-rules.ts';

const served: readonly ServedResource[] = [
  { group: '', version: 'v1', resource: 'pods', subresource: '', kind: 'Pod', namespaced: true },
  { group: '', version: 'v1', resource: 'pods', subresource: 'ephemeralcontainers', kind: 'Pod', namespaced: true },
  { group: '', version: 'v1', resource: 'pods', subresource: 'exec', kind: 'Pod', namespaced: true },
  { group: '', version: 'v1', resource: 'pods', subresource: 'status', kind: 'Pod', namespaced: true },
  { group: '', version: 'v1', resource: 'namespaces', subresource: '', kind: 'Namespace', namespaced: false },
  { group: '', version: 'v1', resource: 'nodes', subresource: '', kind: 'Node', namespaced: false },
  { group: 'apps', version: 'v1', resource: 'deployments', subresource: '', kind: 'Deployment', namespaced: true },
  { group: 'apps', version: 'v1', resource: 'statefulsets', subresource: '', kind: 'StatefulSet', namespaced: true },
  { group: 'apps', version: 'v1', resource: 'deployments', subresource: 'scale', kind: 'Deployment', namespaced: true },
];

interface Want {
  readonly selectors: readonly {
    readonly group?: string;
    readonly version?: string;
    readonly kind: string;
    readonly subresource?: string;
    readonly resource?: string;
    readonly variant?: string;
    readonly operations?: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
    readonly excludedOperations?: readonly 'DELETE'[];
    readonly phases: readonly Phase[];
  }[];
  readonly name?: string;
  readonly conditions?: readonly string[];
  readonly namespace?: string;
  readonly canEnforce?: boolean;
  readonly timeoutSeconds?: number;
  readonly failurePolicy?: 'Fail' | 'Ignore';
}

/** Only what webhooks are computed from; the rest of a compiled policy is not looked at. */
function policy({
  selectors,
  name = 'p',
  conditions,
  namespace,
  canEnforce = true,
  timeoutSeconds,
  failurePolicy = 'Fail',
}: Want): CompiledPolicy {
  return {
    ref: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name, ...(namespace ? { namespace } : {}) },
    failurePolicy,
    canEnforce,
    timeoutSeconds,
    admission: true,
    ...(conditions && {
      matchConditions: { written: conditions.map((expression, index) => ({ name: `c${index}`, expression })) },
    }),
    selectors: selectors.map(({ phases, ...rest }) => ({
      group: '*',
      version: '*',
      subresource: '',
      operations: [],
      ...rest,
      phases: new Set(phases),
    })),
  } as unknown as CompiledPolicy; // the parts left out are closures that webhooks never call
}

describe('webhook rules', () => {
  it('turn kinds into served resources, with Kyverno’s default operations', () => {
    const policies = [policy({ selectors: [{ kind: 'Pod', phases: ['validate'] }] })];
    expect(computeWebhookRules(policies, 'validating', served)).toEqual([
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        resources: ['pods', 'pods/ephemeralcontainers'],
        operations: ['CONNECT', 'CREATE', 'DELETE', 'UPDATE'],
        scope: 'Namespaced',
      },
    ]);
    expect(computeWebhookRules(policies, 'mutating', served)).toEqual([]);
  });

  it('group what differs in the resource alone, and keep operations apart', () => {
    const policies = [
      policy({
        selectors: [
          { kind: 'Deployment', operations: ['CREATE'], phases: ['validate'] },
          { kind: 'StatefulSet', operations: ['CREATE'], phases: ['validate'] },
        ],
      }),
      policy({ selectors: [{ kind: 'Namespace', operations: ['DELETE'], phases: ['validate'] }] }),
    ];
    expect(
      computeWebhookRules(policies, 'validating', served).map(({ resources, operations, scope }) => [
        resources,
        operations,
        scope,
      ]),
    ).toEqual([
      [['namespaces'], ['DELETE'], '*'],
      [['deployments', 'statefulsets'], ['CREATE'], 'Namespaced'],
    ]);
  });

  it('leave out the operations that a rule is never about', () => {
    const selector = { kind: 'Deployment', excludedOperations: ['DELETE'], phases: ['validate'] } as const;
    const operations = (...policies: readonly CompiledPolicy[]) =>
      computeWebhookRules(policies, 'validating', served)[0]?.operations;
    expect(operations(policy({ selectors: [selector] }))).toEqual(['CONNECT', 'CREATE', 'UPDATE']);
    const other = policy({ selectors: [{ kind: 'Deployment', operations: ['DELETE'], phases: ['validate'] }] });
    expect(operations(policy({ selectors: [selector] }), other)).toEqual(['CONNECT', 'CREATE', 'DELETE', 'UPDATE']);
  });

  it('register CREATE and UPDATE for image verification whatever the rule says, so that annotations are guarded', () => {
    const policies = [
      policy({ selectors: [{ kind: 'Deployment', operations: ['CREATE'], phases: ['verify-images'] }] }),
    ];
    expect(computeWebhookRules(policies, 'mutating', served)[0]?.operations).toEqual(['CREATE', 'UPDATE']);
  });

  it('drop what a wildcard covers', () => {
    const policies = [
      policy({
        selectors: [
          { kind: '*', phases: ['validate'] },
          { kind: 'Deployment', phases: ['validate'] },
          { kind: 'Deployment', subresource: 'scale', phases: ['validate'] },
        ],
      }),
    ];
    expect(computeWebhookRules(policies, 'validating', served).map(({ resources }) => resources)).toEqual([
      ['*', 'pods/ephemeralcontainers'],
      ['deployments/scale'],
    ]);
  });

  it.each([
    [['pods/*', 'pods/status'], ['pods/*']],
    [
      ['*/scale', 'deployments/scale', 'deployments'],
      ['*/scale', 'deployments'],
    ],
    [['', 'pods'], ['pods']], // the API server refuses a configuration with an empty name
  ])('of names as policies in CEL write them: %j', (names, wanted) => {
    const selectors = names.map((resource) => {
      const [, subresource = ''] = resource.split('/');
      return { kind: '', group: '', version: 'v1', resource, subresource, phases: ['validate'] as const };
    });
    const rules = computeWebhookRules([policy({ selectors })], 'validating', served);
    expect(rules.flatMap(({ resources }) => resources)).toEqual(wanted);
  });

  it('a wildcard of a policy of a namespace covers nothing that is in none', () => {
    const policies = [
      policy({ namespace: 'team', selectors: [{ kind: '*', phases: ['validate'] }] }),
      policy({ selectors: ['Namespace', 'Deployment'].map((kind) => ({ kind, phases: ['validate'] })) }),
    ];
    const rules = computeWebhookRules(policies, 'validating', served);
    expect(rules.map(({ resources, scope }) => [scope, ...resources])).toEqual([
      ['*', 'namespaces'],
      ['Namespaced', '*', 'pods/ephemeralcontainers'],
    ]);
  });

  it('of variants that ask for the same one stays', () => {
    const selectors = ['a', 'b'].map((variant) => ({
      kind: '*',
      group: 'apps',
      variant,
      phases: ['validate'] as const,
    }));
    const rules = computeWebhookRules([policy({ selectors })], 'validating', served);
    expect(rules.map(({ resources }) => resources)).toEqual([['*']]);
  });

  it('every kind is also what is added to pods, and no other subresource', () => {
    const resourcesOf = (group: string) =>
      computeWebhookRules([policy({ selectors: [{ kind: '*', group, phases: ['mutate'] }] })], 'mutating', served).map(
        ({ resources }) => resources,
      );
    expect(resourcesOf('*')).toEqual([['*', 'pods/ephemeralcontainers']]);
    expect(resourcesOf('apps')).toEqual([['*']]);
  });

  it('ignore kinds that nobody serves', () => {
    expect(
      computeWebhookRules([policy({ selectors: [{ kind: 'Unicorn', phases: ['validate'] }] })], 'validating', served),
    ).toEqual([]);
  });
});

describe('resource webhook configurations', () => {
  const inputs: WebhookInputs = {
    policies: [],
    served,
    target: { kind: 'service', namespace: 'kyverno', name: 'kyverno-svc', port: 443 },
    caBundle: 'PEM',
    defaultTimeout: 10,
    namespaceSelector: undefined,
    objectSelector: undefined,
    matchConditions: [],
    labels: {},
    annotations: {},
    auditOnly: 'Ignore',
  };
  const names = (configuration: { readonly webhooks?: unknown }) =>
    (configuration.webhooks as { name: string }[]).map(({ name }) => name); // built by the function under test
  const webhookNamed = (configuration: { readonly webhooks?: unknown }, name: string) =>
    (configuration.webhooks as Record<string, unknown>[]).find((one) => one['name'] === name);

  it('without policies call nobody', () => {
    const { mutating, validating } = computeResourceWebhooks(inputs);
    expect([names(mutating), names(validating)]).toEqual([[], []]);
  });

  it('register Audit-only policies as Ignore, unless told to do as Kyverno', () => {
    const policies = [
      policy({
        canEnforce: false,
        timeoutSeconds: 30,
        selectors: [{ kind: 'Pod', phases: ['verify-images', 'validate'] }],
      }),
    ];
    expect(names(computeResourceWebhooks({ ...inputs, policies }).validating)).toEqual(['validate.kyverno.svc-ignore']);
    const asKyverno = computeResourceWebhooks({ ...inputs, policies, auditOnly: 'Policy' });
    expect(names(asKyverno.validating)).toEqual(['validate.kyverno.svc-fail']);
    expect(webhookNamed(asKyverno.validating, 'validate.kyverno.svc-fail')).toMatchObject({
      timeoutSeconds: 30,
      clientConfig: { service: { path: '/validate/fail' } },
    });
  });

  it('never let nodes and leases depend on us', () => {
    const policies = [policy({ selectors: [{ kind: '*', phases: ['validate'] }] })];
    const { validating, bootstrap } = computeResourceWebhooks({ ...inputs, policies });
    const conditions = JSON.stringify(webhookNamed(validating, 'validate.kyverno.svc-fail')?.['matchConditions']);
    expect(conditions).toContain('kyverno-exclude-bootstrap-resources');
    expect(conditions).toContain("request.resource.resource == 'nodes'");
    expect(conditions).toContain("request.resource.resource == 'leases'");
    // where Kyverno has one webhook there is one
    expect(names(validating)).toEqual(['validate.kyverno.svc-fail']);
    expect(bootstrap.map(names)).toEqual([[], ['validate.kyverno.svc-ignore']]);
    const ignored = webhookNamed(bootstrap[1] ?? {}, 'validate.kyverno.svc-ignore');
    expect(ignored).toMatchObject({ failurePolicy: 'Ignore', clientConfig: { service: { path: '/validate/ignore' } } });
    expect(JSON.stringify(ignored?.['rules'])).toContain('"nodes"');
    const pods = policy({ name: 'i', failurePolicy: 'Ignore', selectors: [{ kind: 'Pod', phases: ['validate'] }] });
    const both = computeResourceWebhooks({ ...inputs, policies: [...policies, pods] });
    expect(both.bootstrap.map(names)).toEqual([[], []]);
    const rules = JSON.stringify(webhookNamed(both.validating, 'validate.kyverno.svc-ignore')?.['rules']);
    expect(rules).toMatch(/"pods".*"nodes"|"nodes".*"pods"/);
    const narrow = computeResourceWebhooks({
      ...inputs,
      policies: [policy({ selectors: [{ kind: 'Pod', phases: ['validate'] }] })],
    });
    expect(webhookNamed(narrow.validating, 'validate.kyverno.svc-fail')?.['matchConditions']).toBeUndefined();
  });

  it('give a policy with conditions webhooks of its own', () => {
    const pods = { kind: 'Pod', phases: ['validate'] as const };
    const policies = [
      policy({ name: 'a-b', conditions: ['true', 'false'], timeoutSeconds: 20, selectors: [pods] }),
      policy({ name: 'b', namespace: 'a', conditions: ['true'], selectors: [pods] }),
      policy({ name: 'c', conditions: ['true'], failurePolicy: 'Ignore', selectors: [pods] }),
      policy({ name: 'd', selectors: [pods] }),
    ];
    const global = [{ name: 'everywhere', expression: 'true' }];
    const { validating } = computeResourceWebhooks({ ...inputs, policies, matchConditions: global });
    expect(names(validating)).toEqual([
      'validate.kyverno.svc-fail',
      'validate.kyverno.svc-fail-finegrained-a-b',
      'validate.kyverno.svc-fail-finegrained-a-b-x',
      'validate.kyverno.svc-ignore-finegrained-c',
    ]);
    expect(webhookNamed(validating, 'validate.kyverno.svc-fail-finegrained-a-b')).toMatchObject({
      failurePolicy: 'Fail',
      timeoutSeconds: 20,
      clientConfig: { service: { path: '/validate/fail/finegrained/a-b' } },
      matchConditions: [
        { name: 'c0', expression: 'true' },
        { name: 'c1', expression: 'false' },
      ],
    });
    expect(webhookNamed(validating, 'validate.kyverno.svc-fail-finegrained-a-b-x')).toMatchObject({
      clientConfig: { service: { path: '/validate/fail/finegrained/a/b' } },
    });
    expect(webhookNamed(validating, 'validate.kyverno.svc-fail')).toMatchObject({ matchConditions: global });
  });

  it('of such a policy never let nodes depend on us, and call Ignore for them', () => {
    const policies = [policy({ conditions: ['true'], selectors: [{ kind: '*', phases: ['validate'] }] })];
    const { validating, bootstrap } = computeResourceWebhooks({ ...inputs, policies });
    expect([validating, ...bootstrap].map(names)).toEqual([
      ['validate.kyverno.svc-fail-finegrained-p'],
      [],
      ['validate.kyverno.svc-ignore'],
    ]);
    expect(JSON.stringify(webhookNamed(validating, 'validate.kyverno.svc-fail-finegrained-p'))).toContain(
      'kyverno-exclude-bootstrap-resources',
    );
  });

  it('of such a policy about images are also called for claims, whatever the conditions say', () => {
    const policies = [
      policy({ conditions: ['false // never'], selectors: [{ kind: 'Pod', phases: ['verify-images', 'validate'] }] }),
    ];
    const { mutating, validating } = computeResourceWebhooks({ ...inputs, policies });
    const expression = JSON.stringify(webhookNamed(mutating, 'mutate.kyverno.svc-fail-finegrained-p'));
    expect(expression).toContain("(false // never\\n) || ['");
    expect(expression).toContain('kyverno.io/verify-images');
    expect(webhookNamed(validating, 'validate.kyverno.svc-fail-finegrained-p')).toMatchObject({
      matchConditions: [{ expression: 'false // never' }],
    });
  });

  it('guard the annotations on subresources, only where one is changed', () => {
    const policies = [policy({ selectors: [{ kind: 'Pod', phases: ['verify-images', 'validate'] }] })];
    const guard = webhookNamed(computeResourceWebhooks({ ...inputs, policies }).mutating, 'guard.kyverno.svc');
    expect(guard).toMatchObject({
      rules: [{ resources: ['pods/exec', 'pods/status'], operations: ['CREATE', 'UPDATE'] }],
      failurePolicy: 'Fail',
    });
    expect(JSON.stringify(guard?.['matchConditions'])).toContain('kyverno.io/verify-images');
    const other = computeResourceWebhooks({
      ...inputs,
      policies: [policy({ selectors: [{ kind: 'Pod', phases: ['mutate'] }] })],
    });
    expect(names(other.mutating)).toEqual(['mutate.kyverno.svc-fail']);
  });
});
