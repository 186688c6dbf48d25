import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../facts/fact.ts';
import type { FactRequest } from '../../../facts/fact-request.ts';
import { FactTable, Need } from '../../../facts/fact-table.ts';
import type { Diagnostic } from '../../../kernel/diagnostics/diagnostic.ts';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import { createScope } from '../../../lang/variables/create-scope.ts';
import { loadPolicies } from '../../../load/load-policies.ts';
import type { RuleInput } from '../../../model/compiled-policy.ts';
import { UNASKED } from '../../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../../model/request.ts';
import { compileCelCheck } from './compile-cel.ts';

const host = { hash: () => '', decodeCertificate: () => null, random: () => 0 };

interface Situation {
  readonly request?: Partial<EvaluationRequest>;
  readonly message?: string;
  readonly conditions?: readonly JsonObject[];
  readonly status?: JsonObject;
  readonly facts?: readonly (readonly [FactRequest, Fact])[];
}

const pod: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', labels: { app: 'web' } },
  spec: { replicas: 3, containers: [{ name: 'a', image: 'nginx:1' }] },
};

function run(cel: JsonObject, situation: Situation = {}) {
  const diagnostics: Diagnostic[] = [];
  const rule = {
    name: 'r',
    match: { any: [{ resources: { kinds: ['Pod'] } }] },
    ...(situation.conditions ? { celPreconditions: situation.conditions } : {}),
    validate: { ...(situation.message === undefined ? {} : { message: situation.message }), cel },
  };
  const text = JSON.stringify({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [rule] },
    ...(situation.status ? { status: situation.status } : {}),
  });
  const [policy] = loadPolicies(text, 'p.yaml').policies;
  const loaded = policy?.family === 'legacy' ? policy.spec.rules[0] : undefined;
  if (policy?.family !== 'legacy' || !loaded) throw new Error('the policy was not loaded');
  const { evaluate, passes } = compileCelCheck(cel, {
    policy,
    rule: loaded,
    host,
    report: (found) => diagnostics.push(found),
  });
  const request: EvaluationRequest = {
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    subresource: '',
    namespace: 'ns',
    name: 'p',
    resource: pod,
    ...UNASKED,
    ...situation.request,
  };
  const facts = new FactTable();
  for (const [asked, fact] of situation.facts ?? []) facts.add(asked, fact);
  const resource = request.resource ?? request.oldResource ?? {};
  const input: RuleInput = { request, resource, phase: 'validate', facts, trace: undefined };
  const ask = () => evaluate({ input, scope: createScope(input, { host }), action: 'Audit' });
  return { ask, passes: () => passes?.(input), diagnostics };
}

const outcomeOf = (...given: Parameters<typeof run>) => run(...given).ask();
const checks = (expression: string, more: JsonObject = {}): JsonObject => ({ expressions: [{ expression, ...more }] });
const PASS = { status: 'pass', message: "Validation rule 'r' passed." };
const fails = (message: string) => ({ status: 'fail', message });

describe('expressions', () => {
  it.each<[string, JsonObject, Situation, object]>([
    ['hold', checks('object.spec.replicas == 3'), {}, PASS],
    ['do not hold', checks(' object.spec.replicas < 3 '), {}, fails('failed expression: object.spec.replicas < 3')],
    ['with a message', checks('false', { message: ' no ' }), {}, fails('no')],
    ['with the rule’s message', checks('false'), { message: 'ask before' }, fails('ask before')],
    ['their own message first', checks('false', { message: 'mine' }), { message: 'the rule’s' }, fails('mine')],
    [
      'a message that is computed',
      checks('false', { message: 'no', messageExpression: "' at most ' + string(object.spec.replicas) + ' '" }),
      {},
      fails('at most 3'),
    ],
    ['an empty computed message', checks('false', { message: 'no', messageExpression: "' '" }), {}, fails('no')],
    [
      'a computed message of two lines',
      checks('false', { message: 'no', messageExpression: "'a\\nb'" }),
      {},
      fails('no'),
    ],
    [
      'a computed message of more than 5 KiB',
      checks('false', { message: 'no', messageExpression: `'${'é'.repeat(2561)}'` }),
      {},
      fails('no'),
    ],
    [
      'a computed message of 5 KiB',
      checks('false', { message: 'no', messageExpression: `'${'é'.repeat(2560)}'` }),
      {},
      fails('é'.repeat(2560)),
    ],
    [
      'a computed message that fails',
      checks('false', { message: 'no', messageExpression: 'object.x' }),
      {},
      fails('no'),
    ],
    [
      'the first that does not admit decides',
      { expressions: [{ expression: 'true' }, { expression: 'false', message: 'b' }, { expression: 'object.x' }] },
      {},
      fails('b'),
    ],
    [
      'an error fails',
      checks('object.spec.gone == 1'),
      {},
      fails("expression 'object.spec.gone == 1' resulted in error: no such key: gone"),
    ],
    [
      'a value that is not exactly a bool',
      checks('object.spec.on'),
      {},
      fails('compilation error: must evaluate to bool'),
    ],
    ['Kyverno’s orValue on what is no optional', checks("object.metadata.name.orValue('x') == 'p'"), {}, PASS],
    ['orValue on an optional', checks("object.metadata.?gone.orValue('x') == 'x'"), {}, PASS],
    ['orValue is dyn', checks('object.?on.orValue(true)'), {}, fails('compilation error: must evaluate to bool')],
    [
      'object of a DELETE',
      checks("object == null && oldObject.kind == 'Pod'"),
      { request: { operation: 'DELETE', resource: undefined, oldResource: pod } },
      PASS,
    ],
    ['oldObject of a CREATE', checks('oldObject == null'), {}, PASS],
    [
      'the kind is that of the request',
      checks("object.apiVersion == 'v1' && object.kind == 'Pod'"),
      { request: { resource: { metadata: { name: 'x' } } } },
      PASS,
    ],
    [
      'no member is inherited',
      checks('has(object.constructor) || has(object.__proto__)'),
      {},
      fails('failed expression: has(object.constructor) || has(object.__proto__)'),
    ],
  ])('%s', (_name, cel, situation, expected) => {
    expect(outcomeOf(cel, situation)).toMatchObject(expected);
  });
});

describe('request', () => {
  const user = { username: 'ann', groups: ['dev'], uid: '' };
  it.each<[string, Partial<EvaluationRequest>]>([
    ["request.operation == 'CREATE' && request.name == 'p' && request.namespace == 'ns'", {}],
    ["request.kind.kind == 'Pod' && request.kind.group == '' && !request.dryRun", {}],
    ["request.userInfo.username == 'ann' && 'dev' in request.userInfo.groups && !has(request.userInfo.uid)", { user }],
    ['!has(request.userInfo.username) && !has(request.subResource) && !has(request.userInfo.groups)', {}],
    [
      "request.resource.resource == 'pods'",
      { admission: { resource: { group: '', version: 'v1', resource: 'pods' } } },
    ],
    ["request.subResource == 'ephemeralcontainers'", { subresource: 'ephemeralcontainers' }],
    ['!has(request.namespace)', { namespace: 'x', kind: { group: '', version: 'v1', kind: 'Namespace' } }],
  ])('%s', (expression, request) => {
    expect(outcomeOf(checks(expression), { request })).toMatchObject(PASS);
  });

  it('has no uid', () => {
    const { ask, diagnostics } = run(checks("request.uid == ''"));
    expect(ask()?.status).toBe('fail');
    expect(diagnostics.map(({ code }) => code)).toEqual(['cel-type']);
  });
});

describe('variables', () => {
  it.each<[string, JsonObject, object]>([
    [
      'know those before them',
      {
        variables: [
          { name: 'n', expression: 'object.spec.replicas' },
          { name: 'twice', expression: 'variables.n + variables.n' },
        ],
        ...checks('variables.twice == 6'),
      },
      PASS,
    ],
    [
      'are computed only when read',
      { variables: [{ name: 'bad', expression: 'object.gone' }], ...checks('true || variables.bad') },
      PASS,
    ],
    [
      'fail where they are read',
      { variables: [{ name: 'bad', expression: 'object.gone' }], ...checks('variables.bad == 1') },
      fails(
        'expression \'variables.bad == 1\' resulted in error: composited variable "bad" fails to evaluate: no such key: gone',
      ),
    ],
  ])('%s', (_name, cel, expected) => {
    expect(outcomeOf(cel)).toMatchObject(expected);
  });

  it('do not know those after them', () => {
    const variables = [
      { name: 'a', expression: 'variables.b' },
      { name: 'b', expression: '1' },
    ];
    expect(run({ variables, ...checks('true') }).diagnostics).toMatchObject([
      { code: 'cel-type', path: 'spec.rules[0].validate.cel.variables[0].expression' },
    ]);
  });
});

describe('preconditions', () => {
  it.each<[string, readonly JsonObject[], string, string]>([
    ['all true', [{ name: 'a', expression: 'true' }], 'pass', "Validation rule 'r' passed."],
    [
      'one false',
      [
        { name: 'a', expression: 'object.gone' },
        { name: 'b', expression: 'false' },
      ],
      'skip',
      'cel preconditions not met',
    ],
    [
      'one fails',
      [{ name: 'a', expression: 'object.gone == 1' }],
      'fail',
      "expression 'object.gone == 1' resulted in error: no such key: gone",
    ],
  ])('%s', (_name, conditions, status, message) => {
    expect(outcomeOf(checks('true'), { conditions })).toMatchObject({ status, message });
  });
});

describe('parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const cel = (paramRef: JsonObject): JsonObject => ({
    paramKind,
    paramRef: { parameterNotFoundAction: 'Deny', ...paramRef },
    ...checks('object.spec.replicas <= int(params.data.max)', { messageExpression: "'at most ' + params.data.max" }),
  });
  const byName = {
    kind: 'resource',
    apiVersion: 'v1',
    resourceKind: 'ConfigMap',
    namespace: 'ns',
    name: 'limits',
  } as const;
  const bySelector = {
    kind: 'resource',
    apiVersion: 'v1',
    resourceKind: 'ConfigMap',
    namespace: 'ns',
    labelSelector: 'a=b',
  } as const;
  const ok = (value: Json): Fact => ({ ok: true, value });
  const max = (value: string): JsonObject => ({ data: { max: value } });
  const selected = { selector: { matchLabels: { a: 'b' } }, parameterNotFoundAction: 'Deny' };

  it.each<[string, JsonObject, readonly (readonly [FactRequest, Fact])[], object]>([
    ['by name', cel({ name: 'limits' }), [[byName, ok(max('3'))]], PASS],
    [
      'of another namespace',
      cel({ name: 'limits', namespace: 'x' }),
      [[{ ...byName, namespace: 'x' }, ok(max('2'))]],
      fails('at most 2'),
    ],
    [
      'each that is selected counts',
      cel(selected),
      [[bySelector, ok([max('9'), max('2'), max('1')])]],
      fails('at most 2'),
    ],
    [
      'none is selected, which denies',
      cel(selected),
      [[bySelector, ok([])]],
      { status: 'error', message: 'error in parameterized resource: no params found' },
    ],
    [
      'none is selected, which is allowed',
      cel({ ...selected, parameterNotFoundAction: 'Allow' }),
      [[bySelector, ok([])]],
      PASS,
    ],
    [
      'not found',
      cel({ name: 'limits' }),
      [[byName, { ok: false, class: 'not-found', message: 'configmaps "limits" not found' }]],
      { status: 'error', message: 'error in parameterized resource: configmaps "limits" not found' },
    ],
  ])('%s', (_name, rule, facts, expected) => {
    expect(outcomeOf(rule, { facts })).toMatchObject(expected);
  });

  it('are asked for', () => {
    expect(run(cel({ name: 'limits' })).ask).toThrow(Need);
  });
});

describe('what the world is asked', () => {
  const namespaced = checks("namespaceObject.metadata.labels.tier == 'gold'");
  const namespace = { kind: 'resource', apiVersion: 'v1', resourceKind: 'Namespace', name: 'ns' } as const;

  it('the namespace, when an expression reads it', () => {
    const value = { metadata: { name: 'ns', labels: { tier: 'gold' } } };
    expect(outcomeOf(namespaced, { facts: [[namespace, { ok: true, value }]] })).toMatchObject(PASS);
    expect(run(namespaced).ask).toThrow(Need);
    expect(
      outcomeOf(namespaced, { facts: [[namespace, { ok: false, class: 'denied', message: 'no' }]] }),
    ).toMatchObject({ status: 'error', message: "Error getting the resource's namespace: no" });
  });

  it('without a cluster only its name is known', () => {
    const request = { standIns: { absent: new Set<never>(), rules: new Map<string, JsonObject>() } };
    expect(outcomeOf(checks("namespaceObject.metadata.name == 'ns'"), { request })).toMatchObject(PASS);
    expect(outcomeOf(namespaced, { request })?.status).toBe('fail');
  });

  it('the authorizer; a need is not absorbed by the operators around it', () => {
    const check = "authorizer.group('').resource('pods').namespace('ns').check('delete').allowed()";
    const user = { username: 'ann', groups: [] };
    const asked: FactRequest = {
      kind: 'api-call',
      method: 'POST',
      urlPath: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      data: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { resourceAttributes: { verb: 'delete', resource: 'pods', namespace: 'ns' }, user: 'ann' },
      },
    };
    const facts = (allowed: boolean) => [[asked, { ok: true, value: { status: { allowed } } }]] as const;
    expect(outcomeOf(checks(check), { request: { user }, facts: facts(true) })).toMatchObject(PASS);
    expect(outcomeOf(checks(check), { request: { user }, facts: facts(false) })?.status).toBe('fail');
    expect(run(checks(`${check} || true`), { request: { user } }).ask).toThrow(Need);
  });
});

describe('compiling', () => {
  it.each<[string, JsonObject, string, string]>([
    ['syntax', checks('object.'), 'cel-syntax', 'spec.rules[0].validate.cel.expressions[0].expression'],
    ['a name that is not there', checks('nothing'), 'cel-type', 'spec.rules[0].validate.cel.expressions[0].expression'],
    [
      'params without paramKind',
      checks('params.x'),
      'cel-type',
      'spec.rules[0].validate.cel.expressions[0].expression',
    ],
    [
      'no cel.bind',
      checks('cel.bind(a, 1, a == 1)'),
      'cel-type',
      'spec.rules[0].validate.cel.expressions[0].expression',
    ],
    [
      'a message that asks the authorizer',
      checks('true', { messageExpression: "authorizer.path('/x').check('get').reason()" }),
      'cel-type',
      'spec.rules[0].validate.cel.expressions[0].messageExpression',
    ],
    [
      'an audit annotation that is no text',
      { ...checks('true'), auditAnnotations: [{ key: 'a', valueExpression: '1' }] },
      'cel-type',
      'spec.rules[0].validate.cel.auditAnnotations[0].valueExpression',
    ],
  ])('%s', (_name, cel, code, path) => {
    expect(run(cel).diagnostics[0]).toMatchObject({ code, path, severity: 'warning' });
  });

  it('what does not compile fails each request', () => {
    expect(outcomeOf(checks('nothing'))?.message).toBe(
      "compilation error: compilation failed: ERROR: <input>:1:1: undeclared reference to 'nothing' (in container '')\n | nothing\n | ^",
    );
  });

  it('what passes without asking the world passes the short way, with the very same result', () => {
    const { ask, passes } = run(checks('true'));
    expect(passes()).toBe(ask());
    expect(run(checks('false')).passes()).toBeUndefined();
    expect(run(checks("namespaceObject.metadata.name == 'ns'")).passes()).toBeUndefined();
  });

  it('a rule that the API server evaluates itself has no result', () => {
    const status = { validatingadmissionpolicy: { generated: true, message: '' } };
    expect(outcomeOf(checks('false'), { status })).toBeUndefined();
  });
});
