import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../kernel/json.ts';
import type { EvaluationRequest } from '../../../model/request.ts';
import { checks, fails, outcomeOf, PASS, pod, run, type Situation } from './compile-cel.fixture.ts';

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
