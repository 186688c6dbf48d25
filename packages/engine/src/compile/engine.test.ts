import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../evaluate/decide.ts';
import type { Fact } from '../facts/fact.ts';
import type { FactRequest } from '../facts/fact-request.ts';
import type { FactSource } from '../facts/fact-source.ts';
import { EvaluationError } from '../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import type { Phase } from '../model/compiled-policy.ts';
import type { Decision } from '../model/decision.ts';
import { toLegacyPolicy } from '../model/policy-document.ts';
import { UNASKED } from '../model/request.fixture.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { createEngine } from './create-engine.ts';
import type { Compilation } from './engine.ts';

const engine = createEngine({
  host: { hash: () => 'h', decodeCertificate: () => new EvaluationError('none'), random: () => 0.5 },
});

const SILENT: FactSource = {
  kinds: new Set<FactRequest['kind']>(),
  fetch: async (requests): Promise<readonly Fact<Json>[]> =>
    requests.map(() => ({ ok: false, class: 'unavailable', message: 'nobody answers' })),
};

function compile(spec: JsonObject, metadata: JsonObject = { name: 'p' }, kind = 'ClusterPolicy'): Compilation {
  return engine.compile(toLegacyPolicy({ apiVersion: 'kyverno.io/v1', kind, metadata, spec }, () => undefined));
}

function request(resource: JsonObject, kind = 'Pod', given: Partial<EvaluationRequest> = {}): EvaluationRequest {
  return {
    operation: 'CREATE',
    kind: { group: kind === 'Deployment' ? 'apps' : '', version: 'v1', kind },
    subresource: '',
    namespace: 'default',
    name: 'web',
    resource,
    ...UNASKED,
    ...given,
  };
}

async function run(
  spec: JsonObject,
  asked: EvaluationRequest,
  phase: Phase = 'validate',
  trace = false,
): Promise<Decision | undefined> {
  const { compiled, diagnostics } = compile(spec);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const [decision] = await decide(compiled ? [compiled] : [], asked, SILENT, { phase, trace });
  return decision;
}

const MATCH = { match: { any: [{ resources: { kinds: ['Pod'] } }] } };
const WEB: JsonObject = { metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } } };

describe('compile', () => {
  it('freezes what it makes, and tells what the policy needs and selects', () => {
    const { compiled } = compile({
      rules: [
        {
          ...MATCH,
          name: 'r',
          context: [{ name: 'c', configMap: { name: 'a', namespace: 'b' } }],
          validate: { foreach: [{ list: 'x', context: [{ name: 'd', apiCall: { urlPath: '/api' } }], deny: {} }] },
        },
        { ...MATCH, name: 'i', verifyImages: [{ imageReferences: ['*'] }] },
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

  it.each<[string, JsonObject, boolean]>([
    [
      'by the policy',
      { validationFailureAction: 'Enforce', rules: [{ ...MATCH, name: 'r', validate: { deny: {} } }] },
      true,
    ],
    [
      'by the rule against the policy',
      {
        validationFailureAction: 'Enforce',
        rules: [{ ...MATCH, name: 'r', validate: { failureAction: 'Audit', deny: {} } }],
      },
      false,
    ],
    [
      'by an override',
      {
        validationFailureActionOverrides: [{ action: 'enforce', namespaces: ['a'] }],
        rules: [{ ...MATCH, name: 'r', validate: { deny: {} } }],
      },
      true,
    ],
    [
      'by an image entry',
      { rules: [{ ...MATCH, name: 'r', verifyImages: [{ imageReferences: ['*'], failureAction: 'Enforce' }] }] },
      true,
    ],
    ['not at all', { rules: [{ ...MATCH, name: 'r', validate: { deny: {} } }] }, false],
  ])('knows whether it can enforce: %s', (_name, spec, expected) => {
    expect(compile(spec).compiled?.canEnforce).toBe(expected);
  });
});

describe('matchConditions', () => {
  const when = (...expressions: string[]): JsonObject => ({
    webhookConfiguration: {
      matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
    },
  });
  const DENY = { rules: [{ ...MATCH, name: 'r', validate: { message: 'no', deny: {} } }] };
  const pod: JsonObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels: { a: 'b' } } };
  const admission: JsonObject = { operation: 'CREATE' };

  it.each<[string, string[], Partial<EvaluationRequest>, number]>([
    ['that hold', ["object.metadata.labels.a == 'b'", 'oldObject == null'], {}, 1],
    ['one of which does not', ['true', "request.operation == 'DELETE'"], {}, 0],
    ['about the user', ["request.userInfo.username == 'ann'"], { user: { username: 'ann', groups: [] } }, 1],
    ['that cannot be told', ["object.metadata.gone == 'x'"], {}, 0],
    ['one is false, another fails', ["object.metadata.gone == 'x'", 'false'], {}, 0],
    ['that the API server has judged', ["authorizer.path('/x').check('get').allowed()"], { admission }, 1],
    ['that nobody can judge', ["authorizer.path('/x').check('get').allowed()"], {}, 0],
  ])('%s', async (_name, expressions, given, results) => {
    const decision = await run({ ...when(...expressions), ...DENY }, request(pod, 'Pod', given));
    expect(decision?.results).toHaveLength(results);
  });

  it('that cannot be told do not spare images', async () => {
    const verify = { name: 'r', ...MATCH, verifyImages: [{ imageReferences: ['*'], required: false }] };
    const spec = (expression: string) => ({ ...when(expression), rules: [verify] });
    const asked = request({ ...pod, spec: { containers: [{ name: 'a', image: 'nginx:1' }] } });
    const fails = await run(spec('object.metadata.gone == 1'), asked, 'verify-images');
    const unmet = await run(spec('false'), asked, 'verify-images');
    expect([fails?.results.length, unmet?.results.length]).toEqual([1, 0]);
  });

  it('are explained', async () => {
    const decision = await run({ ...when('false'), ...DENY }, request(pod), 'validate', true);
    expect(decision?.trace?.[0]).toMatchObject({
      rule: 'r',
      step: 'match',
      outcome: 'no',
      detail: 'webhookConfiguration.matchConditions do not hold',
    });
  });

  it.each([
    ['object.', 'cel-syntax'],
    ['object.metadata', 'cel-type'],
    ['params.x == 1', 'cel-type'],
  ])('a policy with the condition %s is refused', (expression, code) => {
    const { compiled, diagnostics } = compile({ ...when('true', expression), ...DENY });
    expect(compiled).toBeUndefined();
    expect(diagnostics).toMatchObject([
      { code, severity: 'error', path: 'spec.webhookConfiguration.matchConditions[1].expression' },
    ]);
  });
});

describe('names of matchConditions', () => {
  it.each<[string, string[], string[]]>([
    ['fit', ['a', 'not-nodes', 'acme.io/Not_Nodes.x'], []],
    ['no qualified name', ['a b'], ['policy-invalid-value']],
    ['none', [''], ['policy-invalid-value']],
    ['twice', ['a', 'a'], ['policy-conflict']],
    ['too many', Array.from({ length: 64 }, (_, index) => `c${index}`), ['policy-invalid-value']],
  ])('%s', (_name, names, codes) => {
    const matchConditions = names.map((name) => ({ name, expression: 'true' }));
    const { diagnostics } = compile({ webhookConfiguration: { matchConditions }, rules: [] });
    expect(diagnostics.map(({ code }) => code)).toEqual(codes);
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
    { ...MATCH, name: 'excluded', exclude: { any: [{ resources: { namespaces: ['def*'] } }] }, validate: { deny: {} } },
    {
      ...MATCH,
      name: 'unmet',
      preconditions: { all: [{ key: 1, operator: 'Equals', value: 2, message: 'one is not two' }] },
      validate: { deny: {} },
    },
    { ...MATCH, name: 'fails', validate: { message: 'no', pattern: { metadata: { labels: { team: '?*' } } } } },
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
    const rule = { ...MATCH, name: 'r', validate: { message: 'm', deny: {} } };
    const spec = (value: string): JsonObject => ({ rules: [{ ...rule, reportProperties: { owner: value } }] });
    expect((await run(spec('{{ request.object.metadata.labels.app }}'), request(WEB)))?.results[0]?.properties).toEqual(
      { owner: 'web' },
    );
    const unknown = '{{ request.object.metadata.labels.missing }}';
    expect((await run(spec(unknown), request(WEB)))?.results[0]?.properties).toEqual({ owner: unknown });
  });
});

const RULES: JsonObject = {
  rules: [
    {
      ...MATCH,
      name: 'pattern',
      validate: {
        message: '{{ request.object.metadata.name }}',
        pattern: { spec: { containers: [{ '(image)': '*:latest', name: '?*' }], '=(x)': '>1' } },
      },
    },
    {
      ...MATCH,
      name: 'deny',
      validate: {
        deny: {
          conditions: { any: [{ key: '{{ request.object.spec.x || `0` }}', operator: 'GreaterThan', value: 3 }] },
        },
      },
    },
    {
      ...MATCH,
      name: 'each',
      validate: { foreach: [{ list: 'request.object.spec.containers', pattern: { image: '!*:latest' } }] },
    },
    {
      ...MATCH,
      name: 'merge',
      mutate: {
        patchStrategicMerge: {
          metadata: { labels: { '+(a)': 'b' } },
          spec: { containers: [{ '(name)': '*', x: '{{ request.object.kind }}' }] },
        },
      },
    },
    { ...MATCH, name: 'json', mutate: { patchesJson6902: '- {op: add, path: /metadata/labels/x, value: y}' } },
    {
      ...MATCH,
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
          const [decision] = await decide([compiled], request(resource as JsonObject), SILENT, { phase });
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
      await decide(compiled ? [compiled] : [], request(resource), SILENT, { phase });
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
