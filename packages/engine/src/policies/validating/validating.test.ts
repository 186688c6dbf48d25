import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { NO_CLUSTER, requestOf } from '../../model/request.fixture.ts';
import { compile, judge, POD, POD_SPEC, validation, verdicts } from './validating.fixture.ts';

const HOLDS = 'object.metadata.name == "web"';
const FAILS = 'object.metadata.name == "db"';
const ERRS = 'object.metadata.missing == "db"';
const ERROR = 'no such key: missing';

describe('verdicts', () => {
  const rows: [string, JsonObject, string][] = [
    ['all hold', { validations: [{ expression: HOLDS }, { expression: 'true' }] }, ' pass success'],
    ['a message', validation(FAILS, { message: 'no' }), ' fail no'],
    [
      'without a message',
      { validations: [{ expression: HOLDS }, { expression: FAILS }] },
      ' fail CEL expression validation failed at index 1',
    ],
    [
      'a messageExpression takes its place',
      validation(FAILS, { message: 'no', messageExpression: '"not " + object.metadata.name' }),
      ' fail not web',
    ],
    [
      'also when it fails',
      validation(FAILS, { message: 'no', messageExpression: 'string(object.metadata.missing)' }),
      ` fail failed to evaluate message expression: ${ERROR}`,
    ],
    [
      'also when it is empty',
      validation(FAILS, { message: 'no', messageExpression: '""' }),
      ' fail CEL expression validation failed at index 0',
    ],
    [
      'the first that is not true decides',
      { validations: [{ expression: ERRS }, { expression: FAILS }] },
      ` error error: ${ERROR}`,
    ],
    [
      'variables',
      {
        variables: [
          { name: 'a', expression: '1' },
          { name: 'b', expression: 'variables.a + 1' },
        ],
        ...validation('variables.b == 2'),
      },
      ' pass success',
    ],
    [
      'a variable that fails and is not read',
      { variables: [{ name: 'a', expression: 'object.metadata.missing' }], ...validation('true') },
      ' pass success',
    ],
    [
      'a variable that fails and is read',
      { variables: [{ name: 'a', expression: 'object.metadata.missing' }], ...validation('variables.a == 1') },
      ` error error: ${ERROR}`,
    ],
    [
      'a condition that does not hold',
      { matchConditions: [{ name: 'c', expression: FAILS }], ...validation(FAILS) },
      ' skip skip',
    ],
    [
      'false decides over an error before it',
      {
        matchConditions: [
          { name: 'a', expression: ERRS },
          { name: 'b', expression: FAILS },
        ],
        ...validation(FAILS),
      },
      ' skip skip',
    ],
    [
      'conditions that fail',
      {
        matchConditions: [
          { name: 'a', expression: ERRS },
          { name: 'b', expression: ERRS },
        ],
        ...validation(FAILS),
      },
      `evaluation error failed to load context: ${ERROR}; ${ERROR}`,
    ],
    [
      'conditions that fail under Ignore',
      { failurePolicy: 'Ignore', matchConditions: [{ name: 'a', expression: ERRS }], ...validation(FAILS) },
      ' skip skip',
    ],
    [
      'an annotation that fails',
      { ...validation('true'), auditAnnotations: [{ key: 'k', valueExpression: 'string(object.metadata.missing)' }] },
      `evaluation error failed to load context: failed to evaluate auditAnnotation 'k': ${ERROR}`,
    ],
    [
      'an annotation that is null',
      { ...validation('true'), auditAnnotations: [{ key: 'k', valueExpression: 'null' }] },
      "evaluation error failed to load context: failed to convert auditAnnotation 'k' expression: type conversion error from 'null_type' to 'string'",
    ],
    [
      'an absent side is an empty map',
      validation('oldObject == {} && !has(oldObject.metadata) && dyn(oldObject) != null'),
      ' pass success',
    ],
    [
      'exceptions are bound without any',
      validation('exceptions.allowedImages == [] && size(exceptions.allowedValues) == 0'),
      ' pass success',
    ],
    ['numbers of the cluster are integers', validation('object.spec.priority + 1 == 4'), ' pass success'],
  ];
  it.each(rows)('%s', async (_name, spec, wanted) => {
    expect(await verdicts(compile(spec))).toEqual([wanted]);
  });

  it('numbers of files are doubles, but not those of the request', async () => {
    const asked = requestOf(POD, { standIns: { ...NO_CLUSTER, doubles: true } });
    expect(await verdicts(compile(validation('object.spec.priority + 1 == 4')), asked)).toEqual([
      ' error error: no such overload',
    ]);
    expect(await verdicts(compile(validation('request.object.spec.priority + 1 == 4')), asked)).toEqual([
      ' pass success',
    ]);
  });

  it('the object that is deleted is the old one', async () => {
    const asked = requestOf(undefined, { operation: 'DELETE', oldResource: POD });
    expect(await verdicts(compile(validation('object == {} && oldObject.metadata.name == "web"')), asked)).toEqual([
      ' pass success',
    ]);
  });

  it('annotations are properties, empty ones left out, also of failures', async () => {
    const auditAnnotations = [
      { key: 'a', valueExpression: '"of " + object.metadata.name' },
      { key: 'b', valueExpression: '""' },
    ];
    const passed = await judge(compile({ ...validation('true'), auditAnnotations }));
    const failed = await judge(compile({ ...validation('false'), auditAnnotations }));
    expect(passed?.results[0]?.properties).toEqual({ a: 'of web' });
    expect(failed?.results[0]?.properties).toEqual({ 'cel.validationIndex': '0', a: 'of web' });
  });

  it.each([
    [undefined, 'Enforce', undefined],
    [['Deny', 'Warn'], 'Enforce', true],
    [['Audit'], 'Audit', undefined],
    [['Warn'], 'Audit', true],
  ])('actions %j', async (validationActions, action, emitWarning) => {
    const decision = await judge(
      compile({ ...validation('false'), ...(validationActions ? { validationActions } : {}) }),
    );
    const [result] = decision?.results ?? [];
    expect([result?.action, result?.emitWarning]).toEqual([action, emitWarning]);
  });
});

describe('exceptions', () => {
  const spec = validation('object.spec.containers.all(c, c.image in exceptions.allowedImages)', { message: 'no' });
  const rows: [string, readonly JsonObject[], string][] = [
    ['none', [], ' fail no'],
    ['a whole one', [{}], 'exception skip rule is skipped due to policy exception: ns/e0'],
    ['before conditions', [{ reportResult: 'pass' }], 'exception pass rule is passed due to policy exception: ns/e0'],
    ['a partial one that allows it', [{ images: ['nginx'] }], ' pass success'],
    ['a partial one that does not', [{ images: ['redis'] }], ' fail no'],
    ['of another policy', [{ policyRefs: [{ name: 'q', kind: 'ValidatingPolicy' }] }], ' fail no'],
    ['of another kind', [{ policyRefs: [{ name: 'p', kind: 'MutatingPolicy' }] }], ' fail no'],
    [
      'whose condition fails',
      [{ matchConditions: [{ name: 'c', expression: ERRS }] }],
      `evaluation error failed to load context: ${ERROR}`,
    ],
    ['which cannot read variables', [{ matchConditions: [{ name: 'c', expression: 'variables.a == 1' }] }], ' fail no'],
  ];
  it.each(rows)('%s', async (_name, exceptions, wanted) => {
    expect(await verdicts(compile(spec, exceptions))).toEqual([wanted]);
  });

  it('are named by the result', async () => {
    const decision = await judge(compile(spec, [{ images: ['redis'] }, {}]));
    expect(decision?.results[0]?.exceptions).toEqual(['ns/e0', 'ns/e1']);
  });
});

describe('autogen', () => {
  const spec = validation('object.spec.containers.all(c, c.image != "nginx")', {
    message: 'in object.spec.containers',
  });
  const template = { template: { spec: POD_SPEC } };
  const rows: [string, string, JsonObject, readonly string[]][] = [
    ['Pod', 'v1', POD_SPEC, [' fail in object.spec.containers']],
    ['Deployment', 'apps/v1', template, [' fail in object.spec.template.spec.containers']],
    ['Job', 'batch/v1', template, [' fail in object.spec.template.spec.containers']],
    [
      'CronJob',
      'batch/v1',
      { jobTemplate: { spec: template } },
      [' fail in object.spec.jobTemplate.spec.template.spec.containers'],
    ],
    ['Service', 'v1', template, []],
  ];
  it.each(rows)('%s', async (kind, apiVersion, objectSpec, wanted) => {
    const object = { apiVersion, kind, metadata: { name: 'web', namespace: 'default' }, spec: objectSpec };
    expect(await verdicts(compile(spec), requestOf(object))).toEqual(wanted);
  });

  it('what is wrong is told once', () => {
    expect(compile(validation('object.spec ==')).diagnostics).toHaveLength(1);
  });
});

describe('payloads', () => {
  const forPayloads = compile({
    evaluation: { mode: 'JSON' },
    ...validation('object.a == 1 && request == null && oldObject == null && namespaceObject == null'),
  });
  const forResources = compile(validation('object.a == 1'));
  const payload = requestOf({ a: 1 }, { payload: true, kind: { group: '', version: '', kind: '' } });

  it('are judged by policies about payloads, without constraints', async () => {
    expect(await verdicts(forPayloads, payload)).toEqual([' pass success']);
  });

  it('are not judged by others', async () => {
    expect(await verdicts(forResources, payload)).toEqual([]);
  });

  it('a policy about them judges nothing in a cluster, and objects where there is none', async () => {
    expect(forPayloads.compiled?.selectors).toEqual([]);
    expect(await verdicts(forPayloads, requestOf({ a: 1 }))).toEqual([]);
    expect(await verdicts(forPayloads, requestOf({ a: 1 }, { standIns: NO_CLUSTER }))).toEqual([' pass success']);
  });
});
