import { describe, expect, it } from 'vitest';
import { createEngine } from '../../compile/create-engine.ts';
import { decide } from '../../evaluate/decide.ts';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { loadPolicies } from '../../load/load-policies.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import type { Decision } from '../../model/decision.ts';
import type { EvaluationRequest } from '../../model/request.ts';

const engine = createEngine({ host: { hash: () => '', decodeCertificate: () => null, random: () => 0 } });

const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', labels: { app: 'web' } },
  spec: { priority: 3, containers: [{ name: 'a', image: 'a:1' }] },
};

function rule(resource: string, group = ''): JsonObject {
  return { apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: [resource] };
}

const PODS: JsonObject = { resourceRules: [rule('pods')] };

interface Written {
  readonly name?: string;
  readonly namespace?: string;
  readonly spec: JsonObject;
}

function policy({ name = 'p', namespace, spec }: Written): JsonObject {
  return {
    apiVersion: 'policies.kyverno.io/v1',
    kind: namespace === undefined ? 'MutatingPolicy' : 'NamespacedMutatingPolicy',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: { matchConstraints: PODS, ...spec },
  };
}

function compile(documents: readonly JsonObject[]) {
  const { policies, celExceptions, diagnostics } = loadPolicies(
    JSON.stringify({ kind: 'List', apiVersion: 'v1', items: documents }),
    'p',
  );
  expect(diagnostics).toEqual([]);
  return policies.map((loaded) => engine.compile(loaded, { celExceptions }));
}

interface Situation {
  readonly request?: Partial<EvaluationRequest>;
  readonly phase?: Phase;
  readonly answer?: (request: FactRequest) => Fact | undefined;
}

async function judge(
  documents: readonly JsonObject[],
  { request, phase = 'mutate', answer = () => undefined }: Situation = {},
): Promise<readonly Decision[]> {
  const compiled = compile(documents).map((one) => {
    if (!one.compiled) throw new Error(one.diagnostics.map(({ message }) => message).join('; '));
    return one.compiled;
  });
  const source = {
    kinds: new Set<never>(),
    fetch: async (asked: readonly FactRequest[]): Promise<Fact[]> =>
      asked.map((one) => answer(one) ?? { ok: false, class: 'not-found', message: `no ${one.kind}` }),
  };
  return decide(
    compiled,
    {
      operation: 'CREATE',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      plural: 'pods',
      subresource: '',
      namespace: 'ns',
      name: 'p',
      resource: POD,
      oldResource: undefined,
      admission: undefined,
      user: undefined,
      roles: [],
      clusterRoles: [],
      namespaceLabels: {},
      dryRun: false,
      now: 1000,
      ...request,
    },
    source,
    { phase },
  );
}

function patches(...expressions: readonly string[]): JsonObject {
  return { mutations: expressions.map((expression) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })) };
}

function applies(...expressions: readonly string[]): JsonObject {
  return {
    mutations: expressions.map((expression) => ({
      patchType: 'ApplyConfiguration',
      applyConfiguration: { expression },
    })),
  };
}

function told(decisions: readonly Decision[]): readonly string[] {
  return decisions.flatMap(({ results }) => results.map(({ rule, status, message }) => `${rule}|${status}|${message}`));
}

function labelled(value: string, key = 'app'): string {
  return `[JSONPatch{op: 'add', path: '/metadata/labels/${key}', value: ${value}}]`;
}

function labelsOf(decision: Decision | undefined): Json | undefined {
  const metadata = decision?.patched?.['metadata'] as JsonObject | undefined;
  return metadata?.['labels'];
}

describe('one policy', () => {
  it.each([
    ['a patch', patches(labelled("'new'")), ['|pass|success'], { app: 'new' }],
    [
      'an apply configuration',
      applies("Object{metadata: Object.metadata{labels: {'b': object.metadata.name}}}"),
      ['|pass|success'],
      { app: 'web', b: 'p' },
    ],
    [
      'what another type of patch says is not read',
      { mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }] },
      ['|pass|success'],
      undefined,
    ],
    [
      'conditions may use variables',
      {
        variables: [{ name: 'isWeb', expression: "object.metadata.labels.app == 'web'" }],
        matchConditions: [{ name: 'c', expression: 'variables.isWeb' }],
        ...patches(labelled("'yes'")),
      },
      ['|pass|success'],
      { app: 'yes' },
    ],
    [
      'a condition that does not hold',
      { matchConditions: [{ name: 'c', expression: 'false' }], ...patches(labelled("'x'")) },
      ['|skip|skip'],
      undefined,
    ],
    [
      'a condition that fails is an error under Ignore too',
      {
        failurePolicy: 'Ignore',
        matchConditions: [{ name: 'c', expression: 'object.nope == 1' }],
        ...patches(labelled("'x'")),
      },
      ['evaluation|error|failed to evaluate policy: no such key: nope'],
      undefined,
    ],
    [
      'a mutation that fails undoes those before it',
      patches(labelled("'x'"), '[JSONPatch{op: "remove", path: "/spec/nope"}]'),
      [
        'evaluation|error|failed to evaluate policy: JSON Patch: remove operation does not apply: doc is missing path: "/spec/nope": missing value',
      ],
      undefined,
    ],
    [
      'each mutation sees the one before',
      patches(labelled("'x'"), labelled("object.metadata.labels.app + 'y'")),
      ['|pass|success'],
      { app: 'xy' },
    ],
    [
      'a variable that was read keeps its value, one that was not sees the object as it is by then',
      {
        variables: [
          { name: 'early', expression: 'object.metadata.labels.app' },
          { name: 'late', expression: 'object.metadata.labels.app' },
        ],
        ...patches(
          "[JSONPatch{op: 'add', path: '/metadata/labels/app', value: variables.early + '!'}]",
          "[JSONPatch{op: 'add', path: '/metadata/labels/b', value: variables.early + variables.late}]",
        ),
      },
      ['|pass|success'],
      { app: 'web!', b: 'webweb!' },
    ],
    [
      'a failing test skips its mutation alone',
      patches("[JSONPatch{op: 'test', path: '/kind', value: 'Other'}]", labelled("'x'")),
      ['|pass|success'],
      { app: 'x' },
    ],
    [
      'what is absent is an empty map',
      patches(
        "oldObject == null ? [] : [JSONPatch{op: 'add', path: '/metadata/labels/app', value: string(size(oldObject))}]",
      ),
      ['|pass|success'],
      { app: '0' },
    ],
    [
      'request.object is what was asked for',
      patches(labelled("'x'"), labelled('request.object.metadata.labels.app + object.metadata.labels.app')),
      ['|pass|success'],
      { app: 'webx' },
    ],
  ] satisfies [string, JsonObject, readonly string[], Json | undefined][])(
    '%s',
    async (_what, spec, results, labels) => {
      const [decision] = await judge([policy({ spec })]);
      expect(told(decision ? [decision] : [])).toEqual(results);
      expect(labelsOf(decision)).toEqual(labels);
    },
  );

  it('annotations see the mutated object and become properties', async () => {
    const auditAnnotations = [{ key: 'label', valueExpression: 'string(object.metadata.labels.app)' }];
    const [decision] = await judge([policy({ spec: { auditAnnotations, ...patches(labelled("'new'")) } })]);
    expect(decision?.results[0]?.properties).toEqual({ label: 'new' });
  });

  it('what is deleted is not mutated', async () => {
    const request = { operation: 'DELETE', resource: undefined, oldResource: POD } as const;
    const constraints = { resourceRules: [{ ...rule('pods'), operations: ['*'] }] };
    const spec = { matchConstraints: constraints, ...patches(labelled("'x'")) };
    expect(told(await judge([policy({ spec })], { request }))).toEqual([]);
  });

  it('a namespaced policy leaves other namespaces alone', async () => {
    const spec = patches(labelled("'x'"));
    expect(told(await judge([policy({ namespace: 'ns', spec })]))).toEqual(['|pass|success']);
    expect(told(await judge([policy({ namespace: 'other', spec })]))).toEqual([]);
  });

  it('the decision carries the patch', async () => {
    const [decision] = await judge([policy({ spec: patches(labelled("'x'", 'b')) })]);
    expect(decision?.effects).toEqual([
      { kind: 'patch', operations: [{ op: 'add', path: '/metadata/labels/b', value: 'x' }] },
    ]);
  });
});

describe('objects of files', () => {
  const request = { standIns: { absent: new Set<never>(), rules: new Map(), doubles: true } };

  it('have doubles for numbers, until a patch makes them whole', async () => {
    const add = (expression: string) => patches(`[JSONPatch{op: 'add', path: '/spec/priority', value: ${expression}}]`);
    const sum = policy({ spec: add('object.spec.priority + 1') });
    expect(told(await judge([sum], { request }))).toEqual([
      'evaluation|error|failed to evaluate policy: no such overload',
    ]);
    const whole = policy({
      spec: patches(labelled("'x'"), "[JSONPatch{op: 'add', path: '/spec/priority', value: object.spec.priority + 1}]"),
    });
    const [decision] = await judge([whole], { request });
    expect(decision?.patched?.['spec']).toMatchObject({ priority: 4 });
  });
});

describe('several policies', () => {
  it('each sees what those before made, and request.object as it was asked for', async () => {
    const decisions = await judge([
      policy({ name: 'first', spec: patches(labelled("'x'")) }),
      policy({
        name: 'second',
        spec: patches(labelled('request.object.metadata.labels.app + object.metadata.labels.app')),
      }),
    ]);
    expect(labelsOf(decisions[1])).toEqual({ app: 'webx' });
  });

  it('one that is matched by what another made', async () => {
    const matchConstraints = { ...PODS, objectSelector: { matchLabels: { app: 'x' } } };
    const decisions = await judge([
      policy({ name: 'first', spec: patches(labelled("'x'")) }),
      policy({ name: 'second', spec: { matchConstraints, ...patches(labelled("'y'")) } }),
    ]);
    expect(labelsOf(decisions[1])).toEqual({ app: 'y' });
  });
});

describe('exceptions', () => {
  const exception = (spec: JsonObject): JsonObject => ({
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'PolicyException',
    metadata: { name: 'e', namespace: 'ns' },
    spec: { policyRefs: [{ name: 'p', kind: 'MutatingPolicy' }], ...spec },
  });

  it.each([
    [{}, ['exception|skip|rule is skipped due to policy exception: ns/e']],
    [{ reportResult: 'pass' }, ['exception|pass|rule is passed due to policy exception: ns/e']],
    [{ matchConditions: [{ name: 'c', expression: 'false' }] }, ['|pass|success']],
  ] satisfies [JsonObject, readonly string[]][])('%j', async (spec, results) => {
    expect(told(await judge([policy({ spec: patches(labelled("'x'")) }), exception(spec)]))).toEqual(results);
  });

  it('partial ones are told to the expressions', async () => {
    const spec = patches(labelled('exceptions.allowedValues.size() > 0 ? exceptions.allowedValues[0] : "none"'));
    const [decision] = await judge([policy({ spec }), exception({ allowedValues: ['ok'] })]);
    expect(labelsOf(decision)).toEqual({ app: 'ok' });
  });
});

describe('what does not compile', () => {
  const WRONG_PATCH = 'output is expected to be of type list';
  const REFUSED = /^variables cannot be referenced in matchConditions when/;
  it.each([
    [patches("'x'"), WRONG_PATCH, 'spec.mutations[0].jsonPatch.expression'],
    [patches('dyn([])'), WRONG_PATCH, 'spec.mutations[0].jsonPatch.expression'],
    [applies('{}'), 'output is expected to be of type Object', 'spec.mutations[0].applyConfiguration.expression'],
    [
      { targetMatchConstraints: { expression: "'x'" }, ...patches('[]') },
      'output type must be a map',
      'spec.targetMatchConstraints.expression',
    ],
    [
      {
        autogen: { mutatingAdmissionPolicy: { enabled: true } },
        variables: [{ name: 'v', expression: 'true' }],
        matchConditions: [{ name: 'c', expression: 'variables.v' }],
        ...patches('[]'),
      },
      REFUSED,
      'spec.matchConditions[0].expression',
    ],
  ] satisfies [JsonObject, string | RegExp, string][])('%j', (spec, message, path) => {
    const [compiled] = compile([policy({ spec })]);
    const [diagnostic] = compiled?.diagnostics ?? [];
    expect(compiled?.compiled).toBeUndefined();
    expect(diagnostic?.message).toMatch(message);
    expect(diagnostic?.path).toBe(path);
  });
});

describe('controllers of Pods', () => {
  const template: JsonObject = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'a', image: 'a:1' }] },
  };
  const deployment: JsonObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'ns' },
    spec: { template },
  };
  const cronJob: JsonObject = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'c', namespace: 'ns' },
    spec: { jobTemplate: { spec: { template } } },
  };
  const of = (group: string, kind: string, plural: string, resource: JsonObject) => ({
    request: { kind: { group, version: 'v1', kind }, plural, resource },
  });
  const tty = applies(
    'Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, tty: true})}}',
  );
  const withTty: JsonObject = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'a', image: 'a:1', tty: true }] },
  };

  it.each([
    [of('apps', 'Deployment', 'deployments', deployment), { template: withTty }],
    [of('batch', 'CronJob', 'cronjobs', cronJob), { jobTemplate: { spec: { template: withTty } } }],
  ] satisfies [Situation, JsonObject][])('are mutated where their template is', async (situation, spec) => {
    const [decision] = await judge([policy({ spec: tty })], situation);
    expect(told(decision ? [decision] : [])).toEqual(['|pass|success']);
    expect(decision?.patched?.['spec']).toEqual(spec);
  });

  it('conditions look at the template', async () => {
    const matchConditions = [{ name: 'c', expression: "object.metadata.labels.app == 'other'" }];
    const situation = of('apps', 'Deployment', 'deployments', deployment);
    expect(told(await judge([policy({ spec: { matchConditions, ...tty } })], situation))).toEqual(['|skip|skip']);
  });

  it('an empty list of controllers has none', async () => {
    const spec = { autogen: { podControllers: { controllers: [] } }, ...tty };
    expect(told(await judge([policy({ spec })], of('apps', 'Deployment', 'deployments', deployment)))).toEqual([]);
  });
});

describe('existing objects', () => {
  const map = (name: string, namespace = 'ns', labels: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels },
  });
  const evaluation = { mutateExisting: { enabled: true } };
  const mark = applies("Object{metadata: Object.metadata{labels: {'by': request.object.metadata.name}}}");
  const targets = { resourceRules: [{ ...rule('configmaps'), operations: ['DELETE'] }] };
  const existing = [map('one'), map('two', 'other', { keep: '1' })];
  const answer = (request: FactRequest): Fact | undefined =>
    request.kind === 'api-resource' && request.resource === 'configmaps'
      ? {
          ok: true,
          value: {
            items: existing.filter(
              ({ metadata }) => request.namespace === '' || (metadata as JsonObject)['namespace'] === request.namespace,
            ),
          },
        }
      : undefined;
  const updated = (decisions: readonly Decision[]) =>
    decisions.flatMap(({ effects }) =>
      effects.flatMap((effect) => (effect.kind === 'update' ? [effect.resource] : [])),
    );

  it('are found by rules, whatever their operations, in the background', async () => {
    const documents = [policy({ spec: { evaluation, targetMatchConstraints: targets, ...mark } })];
    const decisions = await judge(documents, { phase: 'generate', answer });
    expect(told(decisions)).toEqual(['|pass|success', '|pass|success']);
    expect(updated(decisions)).toEqual([map('one', 'ns', { by: 'p' }), map('two', 'other', { keep: '1', by: 'p' })]);
    expect(told(await judge(documents, { answer }))).toEqual([]);
  });

  it('are found by an expression', async () => {
    const expression = "resource.List('v1', 'configmaps', '')";
    const spec = { evaluation, targetMatchConstraints: { expression }, ...mark };
    const decisions = await judge([policy({ spec })], { phase: 'generate', answer });
    expect(updated(decisions)).toHaveLength(2);
  });

  it('are the objects the policy is about when nothing is said of targets, which it mutates in admissions too', async () => {
    const matchConstraints = { resourceRules: [rule('configmaps'), rule('pods')] };
    const documents = [policy({ spec: { matchConstraints, evaluation, ...mark } })];
    expect(told(await judge(documents, { answer }))).toEqual(['|pass|success']);
    const pods = (request: FactRequest): Fact | undefined =>
      request.kind === 'api-resource' && request.resource === 'pods'
        ? { ok: true, value: { items: [] } }
        : answer(request);
    expect(updated(await judge(documents, { phase: 'generate', answer: pods }))).toHaveLength(2);
  });

  it('are judged by conditions of their own, without an old object or a namespace', async () => {
    const targetMatchConditions = [
      { name: 'c', expression: 'has(object.metadata.labels.keep) && oldObject == null && namespaceObject == null' },
    ];
    const spec = { evaluation, targetMatchConstraints: targets, targetMatchConditions, ...mark };
    const decisions = await judge([policy({ spec })], { phase: 'generate', answer });
    expect(updated(decisions)).toEqual([map('two', 'other', { keep: '1', by: 'p' })]);
  });

  it('are left alone when the trigger does not meet the conditions', async () => {
    const matchConditions = [{ name: 'c', expression: 'false' }];
    const spec = { evaluation, targetMatchConstraints: targets, matchConditions, ...mark };
    expect(told(await judge([policy({ spec })], { phase: 'generate', answer }))).toEqual([]);
  });

  it('are not mutated unless the policy says so', async () => {
    const spec = { targetMatchConstraints: targets, ...mark };
    expect(told(await judge([policy({ spec })], { phase: 'generate', answer }))).toEqual([]);
  });

  it.each([[targets], [{ expression: "resource.List('v1', 'configmaps')" }]] satisfies [JsonObject][])(
    'of other namespaces are no targets of a namespaced policy: %j',
    async (constraints) => {
      const everything = (request: FactRequest): Fact | undefined =>
        request.kind === 'api-resource' ? { ok: true, value: { items: existing } } : undefined;
      const spec = { evaluation, targetMatchConstraints: constraints, ...mark };
      const decisions = await judge([policy({ namespace: 'ns', spec })], { phase: 'generate', answer: everything });
      expect(updated(decisions)).toEqual([map('one', 'ns', { by: 'p' })]);
    },
  );

  it('stay the objects they are', async () => {
    const spec = {
      evaluation,
      targetMatchConstraints: targets,
      ...patches("[JSONPatch{op: 'replace', path: '/metadata/namespace', value: 'kube-system'}]"),
    };
    const decisions = await judge([policy({ spec })], { phase: 'generate', answer });
    expect(updated(decisions)).toEqual([]);
    expect(told(decisions)[0]).toBe(
      'evaluation|error|failed to evaluate policy: a mutation may not change metadata.namespace',
    );
  });

  it('that did not change are not written', async () => {
    const same = applies("Object{metadata: Object.metadata{labels: {'keep': '1'}}}");
    const spec = { evaluation, targetMatchConstraints: targets, ...same };
    const decisions = await judge([policy({ spec })], { phase: 'generate', answer });
    expect(told(decisions)).toEqual(['|pass|success', '|pass|success']);
    expect(updated(decisions)).toEqual([map('one', 'ns', { keep: '1' })]);
  });

  it('that cannot be listed are an error', async () => {
    const spec = { evaluation, targetMatchConstraints: targets, ...mark };
    const denied = (): Fact => ({ ok: false, class: 'denied', message: 'not allowed' });
    expect(told(await judge([policy({ spec })], { phase: 'generate', answer: denied }))).toEqual([
      'evaluation|error|failed to evaluate policy: not allowed',
    ]);
  });
});
