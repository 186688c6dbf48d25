import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../evaluate/decide.ts';
import { answeringSource } from '../facts/fact-source.fixture.ts';
import type { JsonObject } from '../kernel/json.ts';
import { requestOf } from '../model/request.fixture.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { compile, MATCH_PODS, run } from './engine.fixture.ts';

const WEB: JsonObject = { metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } } };

/** A request about the object `default/web`, whatever the object says of itself. */
function request(resource: JsonObject, kind = 'Pod', given: Partial<EvaluationRequest> = {}): EvaluationRequest {
  const group = kind === 'Deployment' ? 'apps' : '';
  return requestOf(resource, { kind: { group, version: 'v1', kind }, namespace: 'default', name: 'web', ...given });
}

describe('compile', () => {
  it('freezes what it makes, and tells what the policy needs and selects', () => {
    const { compiled } = compile({
      rules: [
        {
          ...MATCH_PODS,
          name: 'r',
          context: [{ name: 'c', configMap: { name: 'a', namespace: 'b' } }],
          validate: { foreach: [{ list: 'x', context: [{ name: 'd', apiCall: { urlPath: '/api' } }], deny: {} }] },
        },
        { ...MATCH_PODS, name: 'i', verifyImages: [{ imageReferences: ['*'] }] },
      ],
    });
    expect(Object.isFrozen(compiled)).toBe(true);
    expect([...(compiled?.needs ?? [])].sort()).toEqual([
      'api-call',
      'config-map',
      'image-digest',
      'image-verification',
    ]);
    expect(compiled?.rules.map(({ name }) => name)).toEqual([
      'r',
      'i',
      'autogen-r',
      'autogen-cronjob-r',
      'autogen-i',
      'autogen-cronjob-i',
    ]);
    expect(compiled?.selectors[0]).toEqual({
      group: '*',
      version: '*',
      kind: 'Pod',
      subresource: '',
      operations: [],
      phases: new Set(['validate']),
    });
    expect(compiled?.autogenRules).toHaveLength(4);
  });

  it.each<[string, JsonObject, readonly string[] | undefined]>([
    ['of all kinds', { any: [{ resources: { operations: ['DELETE'] } }] }, ['DELETE']],
    [
      'of this kind',
      { any: [{ resources: { kinds: ['Pod'], operations: ['DELETE', 'UPDATE'] } }] },
      ['DELETE', 'UPDATE'],
    ],
    ['of another kind', { any: [{ resources: { kinds: ['Secret'], operations: ['DELETE'] } }] }, undefined],
    ['of some objects', { any: [{ resources: { operations: ['DELETE'], namespaces: ['a'] } }] }, undefined],
    ['of some users', { any: [{ resources: { operations: ['DELETE'] }, clusterRoles: ['a'] }] }, undefined],
    [
      'together with more',
      { all: [{ resources: { operations: ['DELETE'] } }, { resources: { namespaces: ['a'] } }] },
      undefined,
    ],
  ])('tells which operations a rule leaves out: %s', (_name, exclude, operations) => {
    const { compiled } = compile({ rules: [{ ...MATCH_PODS, name: 'r', exclude, validate: { deny: {} } }] });
    expect(compiled?.selectors[0]?.excludedOperations).toEqual(operations);
  });

  it.each<[string, JsonObject, boolean]>([
    [
      'by the policy',
      { validationFailureAction: 'Enforce', rules: [{ ...MATCH_PODS, name: 'r', validate: { deny: {} } }] },
      true,
    ],
    [
      'by the rule against the policy',
      {
        validationFailureAction: 'Enforce',
        rules: [{ ...MATCH_PODS, name: 'r', validate: { failureAction: 'Audit', deny: {} } }],
      },
      false,
    ],
    [
      'by an override',
      {
        validationFailureActionOverrides: [{ action: 'enforce', namespaces: ['a'] }],
        rules: [{ ...MATCH_PODS, name: 'r', validate: { deny: {} } }],
      },
      true,
    ],
    [
      'by an image entry',
      { rules: [{ ...MATCH_PODS, name: 'r', verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce' }] }] },
      true,
    ],
    ['not at all', { rules: [{ ...MATCH_PODS, name: 'r', validate: { deny: {} } }] }, false],
  ])('knows whether it can enforce: %s', (_name, spec, expected) => {
    expect(compile(spec).compiled?.canEnforce).toBe(expected);
  });
});

describe('a namespaced Policy', () => {
  const { compiled } = compile(
    { rules: [{ match: { any: [{ resources: { kinds: ['*/*'] } }] }, name: 'r', validate: { deny: {} } }] },
    { name: 'p', namespace: 'team' },
    'Policy',
  );
  const within = (namespace: string): JsonObject => ({ metadata: { name: 'x', namespace } });

  it.each<[string, EvaluationRequest, boolean]>([
    ['its namespace', request(within('team'), 'Pod', { namespace: 'team' }), true],
    ['another', request(within('other'), 'Pod', { namespace: 'other' }), false],
    [
      'an object that does not say, by its request',
      request({ metadata: { name: 'x' } }, 'Pod', { namespace: 'team' }),
      true,
    ],
    [
      'an old object elsewhere',
      request(within('team'), 'Pod', { namespace: 'team', oldResource: within('other') }),
      false,
    ],
    ['no namespace', request({ metadata: { name: 'x' } }, 'Node', { namespace: '' }), false],
    ['the Namespace itself', request({ metadata: { name: 'team' } }, 'Namespace', { namespace: 'team' }), false],
  ])('%s', (_name, asked, expected) => {
    expect(compiled?.matches(asked, 'validate')).toBe(expected);
  });
});

describe('the action for a request', () => {
  const spec: JsonObject = {
    validationFailureAction: 'Audit',
    validationFailureActionOverrides: [
      { action: 'Enforce', namespaces: ['prod-*'], namespaceSelector: { matchLabels: { tier: 'gold' } } },
      { action: 'Enforce', namespaceSelector: { matchLabels: { strict: 'yes' } } },
    ],
    rules: [{ match: { any: [{ resources: { kinds: ['*'] } }] }, name: 'r', validate: { message: 'm', deny: {} } }],
  };
  const inNamespace = (namespace: string): JsonObject => ({ metadata: { name: 'web', namespace } });

  it.each<[string, JsonObject, string, Record<string, string>, string]>([
    ['no override', inNamespace('dev'), 'Pod', {}, 'Audit'],
    ['namespace without its label', inNamespace('prod-eu'), 'Pod', {}, 'Audit'],
    ['namespace and label', inNamespace('prod-eu'), 'Pod', { tier: 'gold' }, 'Enforce'],
    ['label alone', inNamespace('dev'), 'Pod', { strict: 'yes' }, 'Enforce'],
    ['a Namespace has no namespace', { metadata: { name: 'prod-eu' } }, 'Namespace', { tier: 'gold' }, 'Audit'],
  ])('%s', async (_name, resource, kind, namespaceLabels, action) => {
    const decision = await run(spec, request(resource, kind, { namespaceLabels, namespace: 'prod-eu' }));
    expect(decision?.results.map((result) => result.action)).toEqual([action]);
    expect(decision?.standing).toBe(action === 'Enforce' ? 'enforce' : 'audit');
  });
});

describe('an explanation', () => {
  const rules = [
    { match: { any: [{ resources: { kinds: ['Service'] } }] }, name: 'other-kind', validate: { deny: {} } },
    {
      ...MATCH_PODS,
      name: 'excluded',
      exclude: { any: [{ resources: { namespaces: ['def*'] } }] },
      validate: { deny: {} },
    },
    {
      ...MATCH_PODS,
      name: 'unmet',
      preconditions: { all: [{ key: 1, operator: 'Equals', value: 2, message: 'one is not two' }] },
      validate: { deny: {} },
    },
    { ...MATCH_PODS, name: 'fails', validate: { message: 'no', pattern: { metadata: { labels: { team: '?*' } } } } },
  ];

  it('says why each rule did or did not apply', async () => {
    const decision = await run({ rules }, request(WEB), 'validate', true);
    const told = decision?.trace
      ?.filter(({ rule }) => !rule.startsWith('autogen'))
      .map(({ rule, step, outcome }) => `${rule} ${step} ${outcome}`);
    expect(told).toEqual([
      'other-kind match no',
      'excluded exclude yes',
      'unmet match yes',
      'unmet precondition no',
      'unmet result info',
      'fails match yes',
      'fails check no',
      'fails result no',
    ]);
    expect(decision?.trace?.[0]?.detail).toBe('`any[0]`: kind `v1/Pod` is not one of [`Service`]');
  });

  it('changes no verdict', async () => {
    const plain = await run({ rules }, request(WEB));
    const traced = await run({ rules }, request(WEB), 'validate', true);
    expect(traced?.results).toEqual(plain?.results);
  });
});

describe('reportProperties', () => {
  it('have their variables, or stay as written', async () => {
    const rule = { ...MATCH_PODS, name: 'r', validate: { message: 'm', deny: {} } };
    const spec = (value: string): JsonObject => ({ rules: [{ ...rule, reportProperties: { owner: value } }] });
    expect((await run(spec('{{ request.object.metadata.labels.app }}'), request(WEB)))?.results[0]?.properties).toEqual(
      { owner: 'web' },
    );
    const passing = { ...rule, validate: { message: 'm', pattern: { metadata: { name: '?*' } } } };
    const context = [{ name: 'app', variable: { jmesPath: 'request.object.metadata.labels.app' } }];
    const passed = await run(
      { rules: [{ ...passing, context, reportProperties: { owner: '{{ app }}' } }] },
      request(WEB),
    );
    expect(passed?.results[0]).toMatchObject({ status: 'pass', properties: { owner: 'web' } });
    const unknown = '{{ request.object.metadata.labels.missing }}';
    expect((await run(spec(unknown), request(WEB)))?.results[0]?.properties).toEqual({ owner: unknown });
  });
});

const RULES: JsonObject = {
  rules: [
    {
      ...MATCH_PODS,
      name: 'pattern',
      validate: {
        message: '{{ request.object.metadata.name }}',
        pattern: { spec: { containers: [{ '(image)': '*:latest', name: '?*' }], '=(x)': '>1' } },
      },
    },
    {
      ...MATCH_PODS,
      name: 'deny',
      validate: {
        deny: {
          conditions: { any: [{ key: '{{ request.object.spec.x || `0` }}', operator: 'GreaterThan', value: 3 }] },
        },
      },
    },
    {
      ...MATCH_PODS,
      name: 'each',
      validate: { foreach: [{ list: 'request.object.spec.containers', pattern: { image: '!*:latest' } }] },
    },
    {
      ...MATCH_PODS,
      name: 'merge',
      mutate: {
        patchStrategicMerge: {
          metadata: { labels: { '+(a)': 'b' } },
          spec: { containers: [{ '(name)': '*', x: '{{ request.object.kind }}' }] },
        },
      },
    },
    { ...MATCH_PODS, name: 'json', mutate: { patchesJson6902: '- {op: add, path: /metadata/labels/x, value: y}' } },
    {
      ...MATCH_PODS,
      name: 'images',
      verifyImages: [{ imageReferences: ['*'], attestors: [{ entries: [{ keys: { publicKeys: 'k' } }] }] }],
    },
  ],
};

const anyResource = fc.record(
  {
    metadata: fc.oneof(
      fc.jsonValue(),
      fc.record({
        name: fc.jsonValue(),
        namespace: fc.jsonValue(),
        labels: fc.jsonValue(),
        annotations: fc.jsonValue(),
      }),
    ),
    spec: fc.oneof(
      fc.jsonValue(),
      fc.record({
        x: fc.jsonValue(),
        containers: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.oneof(fc.jsonValue(), fc.record({ name: fc.jsonValue(), image: fc.oneof(fc.string(), fc.jsonValue()) })),
          ),
        ),
      }),
    ),
  },
  { requiredKeys: [] },
);

describe('whatever the object', () => {
  it.each(['mutate', 'verify-images', 'validate'] as const)(
    '%s decides without throwing, in plain JSON',
    async (phase) => {
      const { compiled } = compile(RULES);
      if (!compiled) throw new Error('not compiled');
      await fc.assert(
        fc.asyncProperty(anyResource, async (resource) => {
          const [decision] = await decide([compiled], request(resource as JsonObject), answeringSource(), { phase });
          expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
        }),
        { numRuns: 300 },
      );
    },
  );

  it('never changes the object it was given', async () => {
    const { compiled } = compile(RULES);
    const resource = {
      metadata: { name: 'web', labels: {} },
      spec: { containers: [{ name: 'a', image: 'x:latest' }] },
    };
    const before = JSON.stringify(resource);
    for (const phase of ['mutate', 'validate'] as const)
      await decide(compiled ? [compiled] : [], request(resource), answeringSource(), { phase });
    expect(JSON.stringify(resource)).toBe(before);
  });
});

describe('an update through a subresource, with violations that were there before', () => {
  it.each([
    ['a rule about the object', 'Pod', 'skip'],
    ['a rule about any subresource and none', 'Pod/*', 'skip'],
    ['a rule about the subresource', 'Pod/ephemeralcontainers', 'fail'],
    ['a rule about that subresource of any kind', '*/ephemeralcontainers', 'fail'],
  ])('%s', async (_, kind, status) => {
    const match = { any: [{ resources: { kinds: [kind] } }] };
    const spec = {
      background: false,
      rules: [{ name: 'r', match, validate: { failureAction: 'Enforce', deny: {} } }],
    };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' } };
    const given = { operation: 'UPDATE', subresource: 'ephemeralcontainers', oldResource: pod } as const;
    const decision = await run(spec, request(pod, 'Pod', given));
    expect(decision?.results.map((result) => result.status)).toEqual([status]);
  });
});
