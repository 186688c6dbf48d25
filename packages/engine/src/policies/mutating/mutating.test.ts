import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { NO_CLUSTER } from '../../model/request.fixture.ts';
import { celException, compileDocuments, matching, told } from '../policies.fixture.ts';
import { applies, judge, labelled, labelsOf, POD, patches, policy, type Situation } from './mutating.fixture.ts';

describe('one policy', () => {
  it.each([
    ['a patch', patches(labelled("'new'")), [' pass success'], { app: 'new' }],
    [
      'an apply configuration',
      applies("Object{metadata: Object.metadata{labels: {'b': object.metadata.name}}}"),
      [' pass success'],
      { app: 'web', b: 'p' },
    ],
    [
      'what another type of patch says is not read',
      { mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }] },
      [' pass success'],
      undefined,
    ],
    [
      'conditions may use variables',
      {
        variables: [{ name: 'isWeb', expression: "object.metadata.labels.app == 'web'" }],
        matchConditions: [{ name: 'c', expression: 'variables.isWeb' }],
        ...patches(labelled("'yes'")),
      },
      [' pass success'],
      { app: 'yes' },
    ],
    [
      'a condition that does not hold',
      { matchConditions: [{ name: 'c', expression: 'false' }], ...patches(labelled("'x'")) },
      [' skip skip'],
      undefined,
    ],
    [
      'a condition that fails is an error under Ignore too',
      {
        failurePolicy: 'Ignore',
        matchConditions: [{ name: 'c', expression: 'object.nope == 1' }],
        ...patches(labelled("'x'")),
      },
      ['evaluation error failed to evaluate policy: no such key: nope'],
      undefined,
    ],
    [
      'a mutation that fails undoes those before it',
      patches(labelled("'x'"), '[JSONPatch{op: "remove", path: "/spec/nope"}]'),
      [
        'evaluation error failed to evaluate policy: JSON Patch: remove operation does not apply: doc is missing path: "/spec/nope": missing value',
      ],
      undefined,
    ],
    [
      'each mutation sees the one before',
      patches(labelled("'x'"), labelled("object.metadata.labels.app + 'y'")),
      [' pass success'],
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
      [' pass success'],
      { app: 'web!', b: 'webweb!' },
    ],
    [
      'a failing test skips its mutation alone',
      patches("[JSONPatch{op: 'test', path: '/kind', value: 'Other'}]", labelled("'x'")),
      [' pass success'],
      { app: 'x' },
    ],
    [
      'what is absent is an empty map',
      patches(
        "oldObject == null ? [] : [JSONPatch{op: 'add', path: '/metadata/labels/app', value: string(size(oldObject))}]",
      ),
      [' pass success'],
      { app: '0' },
    ],
    [
      'request.object is what was asked for',
      patches(labelled("'x'"), labelled('request.object.metadata.labels.app + object.metadata.labels.app')),
      [' pass success'],
      { app: 'webx' },
    ],
  ] satisfies [string, JsonObject, readonly string[], Json | undefined][])(
    '%s',
    async (_what, spec, results, labels) => {
      const [decision] = await judge([policy({ spec })]);
      expect(told([decision])).toEqual(results);
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
    const constraints = matching('pods', ['*']);
    const spec = { matchConstraints: constraints, ...patches(labelled("'x'")) };
    expect(told(await judge([policy({ spec })], { request }))).toEqual([]);
  });

  it('a namespaced policy leaves other namespaces alone', async () => {
    const spec = patches(labelled("'x'"));
    expect(told(await judge([policy({ namespace: 'ns', spec })]))).toEqual([' pass success']);
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
  const request = { standIns: { ...NO_CLUSTER, doubles: true } };

  it('have doubles for numbers, until a patch makes them whole', async () => {
    const add = (expression: string) => patches(`[JSONPatch{op: 'add', path: '/spec/priority', value: ${expression}}]`);
    const sum = policy({ spec: add('object.spec.priority + 1') });
    expect(told(await judge([sum], { request }))).toEqual([
      'evaluation error failed to evaluate policy: no such overload',
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
    const matchConstraints = { ...matching('pods'), objectSelector: { matchLabels: { app: 'x' } } };
    const decisions = await judge([
      policy({ name: 'first', spec: patches(labelled("'x'")) }),
      policy({ name: 'second', spec: { matchConstraints, ...patches(labelled("'y'")) } }),
    ]);
    expect(labelsOf(decisions[1])).toEqual({ app: 'y' });
  });
});

describe('exceptions', () => {
  const exception = (spec: JsonObject) => celException('MutatingPolicy', 'p', spec);

  it.each([
    [{}, ['exception skip rule is skipped due to policy exception: ns/e']],
    [{ reportResult: 'pass' }, ['exception pass rule is passed due to policy exception: ns/e']],
    [{ matchConditions: [{ name: 'c', expression: 'false' }] }, [' pass success']],
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
    const [compiled] = compileDocuments([policy({ spec })]);
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
  const of = (resource: JsonObject): Situation => ({ request: { resource } });
  const tty = applies(
    'Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, tty: true})}}',
  );
  const withTty: JsonObject = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'a', image: 'a:1', tty: true }] },
  };

  it.each([
    [of(deployment), { template: withTty }],
    [of(cronJob), { jobTemplate: { spec: { template: withTty } } }],
  ] satisfies [Situation, JsonObject][])('are mutated where their template is', async (situation, spec) => {
    const [decision] = await judge([policy({ spec: tty })], situation);
    expect(told([decision])).toEqual([' pass success']);
    expect(decision?.patched?.['spec']).toEqual(spec);
  });

  it('conditions look at the template', async () => {
    const matchConditions = [{ name: 'c', expression: "object.metadata.labels.app == 'other'" }];
    const situation = of(deployment);
    expect(told(await judge([policy({ spec: { matchConditions, ...tty } })], situation))).toEqual([' skip skip']);
  });

  it('an empty list of controllers has none', async () => {
    const spec = { autogen: { podControllers: { controllers: [] } }, ...tty };
    expect(told(await judge([policy({ spec })], of(deployment)))).toEqual([]);
  });
});
