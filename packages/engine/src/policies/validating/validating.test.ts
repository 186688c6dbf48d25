import { describe, expect, it } from 'vitest';
import { createEngine } from '../../compile/create-engine.ts';
import type { Compilation } from '../../compile/engine.ts';
import { decide } from '../../evaluate/decide.ts';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import type { FactSource } from '../../facts/fact-source.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { loadPolicies } from '../../load/load-policies.ts';
import { toCelPolicy, toCelPolicyException } from '../../model/cel-policy-document.ts';
import type { RuleResult } from '../../model/decision.ts';
import { UNASKED } from '../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../model/request.ts';

const engine = createEngine({
  host: { hash: () => 'h', decodeCertificate: () => new EvaluationError('none'), random: () => 0.5 },
});

const SILENT: FactSource = {
  kinds: new Set<FactRequest['kind']>(),
  fetch: async (requests): Promise<readonly Fact[]> =>
    requests.map(() => ({ ok: false, class: 'unavailable', message: 'nobody answers' })),
};

const PODS: JsonObject = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['pods'] },
  ],
};

function compile(spec: JsonObject, exceptions: readonly JsonObject[] = [], namespace?: string): Compilation {
  const policy = toCelPolicy(
    {
      apiVersion: 'policies.kyverno.io/v1',
      kind: namespace === undefined ? 'ValidatingPolicy' : 'NamespacedValidatingPolicy',
      metadata: { name: 'p', ...(namespace === undefined ? {} : { namespace }) },
      spec: { matchConstraints: PODS, ...spec },
    },
    () => undefined,
  );
  const celExceptions = exceptions.map((given, index) =>
    toCelPolicyException(
      {
        metadata: { name: `e${index}`, namespace: 'ns' },
        spec: { policyRefs: [{ name: 'p', kind: 'ValidatingPolicy' }], ...given },
      },
      () => undefined,
    ),
  );
  return engine.compile(policy, { celExceptions });
}

const SPEC: JsonObject = { containers: [{ name: 'a', image: 'nginx' }], priority: 3 };
const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default' },
  spec: SPEC,
};

function request(resource: JsonObject | undefined, given: Partial<EvaluationRequest> = {}): EvaluationRequest {
  return {
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    plural: 'pods',
    subresource: '',
    namespace: 'default',
    name: 'web',
    resource,
    ...UNASKED,
    ...given,
  };
}

async function results(compilation: Compilation, asked = request(POD)): Promise<readonly RuleResult[]> {
  expect(compilation.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const policies = compilation.compiled ? [compilation.compiled] : [];
  const [decision] = await decide(policies, asked, SILENT, { phase: 'validate' });
  return decision?.results ?? [];
}

/** `rule status message` of each result. */
async function told(compilation: Compilation, asked = request(POD)): Promise<readonly string[]> {
  return (await results(compilation, asked)).map(({ rule, status, message }) => `${rule} ${status} ${message}`);
}

function validation(expression: string, more: JsonObject = {}): JsonObject {
  return { validations: [{ expression, ...more }] };
}

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
    expect(await told(compile(spec))).toEqual([wanted]);
  });

  it('numbers of files are doubles, but not those of the request', async () => {
    const asked = request(POD, { standIns: { absent: new Set(), rules: new Map(), doubles: true } });
    expect(await told(compile(validation('object.spec.priority + 1 == 4')), asked)).toEqual([
      ' error error: no such overload',
    ]);
    expect(await told(compile(validation('request.object.spec.priority + 1 == 4')), asked)).toEqual([' pass success']);
  });

  it('the object that is deleted is the old one', async () => {
    const asked = request(undefined, { operation: 'DELETE', oldResource: POD });
    expect(await told(compile(validation('object == {} && oldObject.metadata.name == "web"')), asked)).toEqual([
      ' pass success',
    ]);
  });

  it('annotations are properties, empty ones left out, also of failures', async () => {
    const auditAnnotations = [
      { key: 'a', valueExpression: '"of " + object.metadata.name' },
      { key: 'b', valueExpression: '""' },
    ];
    const [passed] = await results(compile({ ...validation('true'), auditAnnotations }));
    const [failed] = await results(compile({ ...validation('false'), auditAnnotations }));
    expect(passed?.properties).toEqual({ a: 'of web' });
    expect(failed?.properties).toEqual({ 'cel.validationIndex': '0', a: 'of web' });
  });

  it.each([
    [undefined, 'Enforce', undefined],
    [['Deny', 'Warn'], 'Enforce', true],
    [['Audit'], 'Audit', undefined],
    [['Warn'], 'Audit', true],
  ])('actions %j', async (validationActions, action, emitWarning) => {
    const [result] = await results(
      compile({ ...validation('false'), ...(validationActions ? { validationActions } : {}) }),
    );
    expect([result?.action, result?.emitWarning]).toEqual([action, emitWarning]);
  });
});

describe('what does not compile', () => {
  const rows: [string, JsonObject, string][] = [
    [
      'a condition that reads variables',
      {
        variables: [{ name: 'a', expression: '1' }],
        matchConditions: [{ name: 'c', expression: 'variables.a == 1' }],
        ...validation('true'),
      },
      'spec.matchConditions[0].expression',
    ],
    [
      'a variable that reads a later one',
      {
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '1' },
        ],
        ...validation('true'),
      },
      'spec.variables[0].expression',
    ],
    ['a validation of unknown type', validation('object.metadata.name'), 'spec.validations[0].expression'],
    [
      'a message that is no text',
      validation('true', { messageExpression: '1' }),
      'spec.validations[0].messageExpression',
    ],
    [
      'an annotation that is no text',
      { ...validation('true'), auditAnnotations: [{ key: 'k', valueExpression: '1' }] },
      'spec.auditAnnotations[0].valueExpression',
    ],
    ['orValue at the root', validation('object.?a.orValue(false)'), 'spec.validations[0].expression'],
    [
      'resource.Get compared with null',
      validation('resource.Get("v1", "pods", "a", "b") == null'),
      'spec.validations[0].expression',
    ],
  ];
  it.each(rows)('%s', (_name, spec, path) => {
    const { compiled, diagnostics } = compile(spec);
    expect(compiled).toBeUndefined();
    expect(diagnostics.map((diagnostic) => diagnostic.path)).toEqual([path]);
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
    expect(await told(compile(spec, exceptions))).toEqual([wanted]);
  });

  it('are named by the result', async () => {
    const [result] = await results(compile(spec, [{ images: ['redis'] }, {}]));
    expect(result?.exceptions).toEqual(['ns/e0', 'ns/e1']);
  });
});

describe('autogen', () => {
  const spec = validation('object.spec.containers.all(c, c.image != "nginx")', {
    message: 'in object.spec.containers',
  });
  const template = { template: { spec: SPEC } };
  const rows: [string, string, string, string, JsonObject, readonly string[]][] = [
    ['Pod', '', 'Pod', 'pods', SPEC, [' fail in object.spec.containers']],
    ['Deployment', 'apps', 'Deployment', 'deployments', template, [' fail in object.spec.template.spec.containers']],
    ['Job', 'batch', 'Job', 'jobs', template, [' fail in object.spec.template.spec.containers']],
    [
      'CronJob',
      'batch',
      'CronJob',
      'cronjobs',
      { jobTemplate: { spec: template } },
      [' fail in object.spec.jobTemplate.spec.template.spec.containers'],
    ],
    ['Service', '', 'Service', 'services', template, []],
  ];
  it.each(rows)('%s', async (_name, group, kind, plural, objectSpec, wanted) => {
    const object = { kind, metadata: { name: 'web', namespace: 'default' }, spec: objectSpec };
    const asked = request(object, { kind: { group, version: 'v1', kind }, plural });
    expect(await told(compile(spec), asked)).toEqual(wanted);
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
  const payload = request({ a: 1 }, { payload: true, kind: { group: '', version: '', kind: '' } });

  it('are judged by policies about payloads, without constraints', async () => {
    expect(await told(forPayloads, payload)).toEqual([' pass success']);
  });

  it('are not judged by others', async () => {
    expect(await told(forResources, payload)).toEqual([]);
  });

  it('a policy about them judges nothing in a cluster, and objects where there is none', async () => {
    expect(forPayloads.compiled?.selectors).toEqual([]);
    expect(await told(forPayloads, request({ a: 1 }))).toEqual([]);
    const standIns = { absent: new Set<FactRequest['kind']>(), rules: new Map() };
    expect(await told(forPayloads, request({ a: 1 }, { standIns }))).toEqual([' pass success']);
  });
});

describe('which facts it can ask for', () => {
  it.each([
    ['object.spec.resources.limits.cpu == "1"', []],
    ['resource.Get("v1", "pods", "a", "b").a == 1', ['api-resource', 'kind-mapping', 'api-call']],
    ['http.Get("http://a").a == 1', ['http-call']],
    ['globalContext.Get("a", "b") == 1', ['global-context']],
    ['image.GetMetadata("a").b == 1', ['image-data']],
    ['namespaceObject.metadata.name == "a"', ['resource']],
  ])('%s', (expression, needs) => {
    expect([...(compile(validation(expression)).compiled?.needs ?? [])]).toEqual(needs);
  });
});

describe('where it does not compile', () => {
  const text = `apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}
  validations:
    - expression: >-
        object.metadata.name == "a" &&
        reqest.name == "b" || nothing
    - expression: "object.\\u0061 == missing"
`;

  it('is told by line and column of the file, each problem once', () => {
    const [policy] = loadPolicies(text, 'p.yaml').policies;
    const diagnostics = policy ? engine.compile(policy).diagnostics : [];
    expect(diagnostics.map(({ range, message }) => [range?.line, range?.column, message])).toEqual([
      [9, 9, "undeclared reference to 'reqest' (in container '')"],
      [9, 31, "undeclared reference to 'nothing' (in container '')"],
      [10, 37, "undeclared reference to 'missing' (in container '')"],
    ]);
  });
});
