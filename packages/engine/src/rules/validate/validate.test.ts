import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { createScope } from '../../lang/variables/create-scope.ts';
import type { FailureAction } from '../../model/decision.ts';
import { requestOf } from '../../model/request.fixture.ts';
import type { Operation } from '../../model/request.ts';
import { inputOf, policyOfRule } from '../rule.fixture.ts';
import { compileValidate } from './validate.ts';

interface Situation {
  readonly operation?: Operation;
  readonly old?: JsonObject;
  readonly policyAction?: FailureAction;
  readonly preconditions?: Json;
}

function validate(block: JsonObject, resource: JsonObject, situation: Situation = {}) {
  const diagnostics: Diagnostic[] = [];
  const preconditions = situation.preconditions === undefined ? {} : { preconditions: situation.preconditions };
  const { policy, rule } = policyOfRule({
    rule: { validate: block, ...preconditions },
    spec: { validationFailureAction: situation.policyAction ?? 'Audit' },
  });
  const body = compileValidate({
    policy,
    rule,
    host: STILL_HOST,
    report: (diagnostic) => diagnostics.push(diagnostic),
  });
  const { operation = 'CREATE', old } = situation;
  const request =
    operation === 'DELETE'
      ? requestOf(undefined, { operation, oldResource: resource, namespace: 'ns' })
      : requestOf(resource, { operation, oldResource: old, namespace: 'ns' });
  const input = inputOf(request);
  const scope = createScope(input, { host: STILL_HOST });
  const outcome = body.evaluate({ input, scope, action: 'Audit', matchesOldObject: () => true });
  return { outcome, codes: diagnostics.map(({ code }) => code) };
}

const outcomeOf = (...given: Parameters<typeof validate>) => validate(...given).outcome;
/** Validate rules have one outcome; a list would be another status than any expected. */
const statusOf = (outcome: ReturnType<typeof outcomeOf>) =>
  outcome && 'status' in outcome ? outcome.status : undefined;
const always: Json = { all: [{ key: 1, operator: 'Equals', value: 1, message: 'because {{ request.object.kind }}' }] };
const pod = (...containers: Json[]): JsonObject => ({ kind: 'Pod', spec: { containers } });

describe('patterns', () => {
  it.each<[string, JsonObject, JsonObject, object]>([
    [
      'passes',
      { pattern: { kind: 'Pod' } },
      { kind: 'Pod' },
      { status: 'pass', message: "validation rule 'r' passed." },
    ],
    [
      'fails without message',
      { pattern: { kind: 'Pod' } },
      { kind: 'Job' },
      { status: 'fail', message: 'validation error: rule r failed at path /kind/', path: '/kind/' },
    ],
    [
      'fails with message',
      { message: 'no {{ request.object.kind }}', pattern: { kind: 'Pod' } },
      { kind: 'Job' },
      { status: 'fail', message: 'validation error: no Job. rule r failed at path /kind/', path: '/kind/' },
    ],
    [
      'does not double the stop',
      { message: 'no.', pattern: { kind: 'Pod' } },
      { kind: 'Job' },
      { status: 'fail', message: 'validation error: no. rule r failed at path /kind/', path: '/kind/' },
    ],
    [
      'message that cannot be substituted',
      { message: '{{ x }}', pattern: { kind: 'Pod' } },
      { kind: 'Job' },
      {
        status: 'fail',
        message:
          'validation error: variables substitution error in rule r execution error: rule r failed at path /kind/',
        path: '/kind/',
      },
    ],
    [
      'skips',
      { pattern: { '(kind)': 'Pod' } },
      { kind: 'Job' },
      {
        status: 'skip',
        message: "conditional anchor mismatch: resource value 'Job' does not match 'Pod' at path /kind/",
      },
    ],
    [
      'errs',
      { pattern: { a: { '^(y)': [{ q: 1 }] }, z: 1 } },
      { a: {}, z: 2 },
      {
        status: 'error',
        message: "validation error: rule r execution error: resource value '2' does not match '1' at path /z/",
      },
    ],
    [
      'with variables',
      { pattern: { kind: '{{ request.object.wanted }}', '{{ request.object.wanted }}': '?*' } },
      { kind: 'Job', wanted: 'Job', Job: 'x' },
      { status: 'pass', message: "validation rule 'r' passed." },
    ],
    [
      'with unknown variables',
      { pattern: { kind: '{{ request.object.nope }}' } },
      { kind: 'Job' },
      {
        status: 'error',
        message:
          'variable substitution failed: failed to resolve request.object.nope at path /kind: JMESPath query failed: Unknown key "nope" in path',
      },
    ],
  ])('%s', (_, block, resource, expected) => {
    expect(outcomeOf(block, resource)).toEqual(expected);
  });

  it('say nothing about objects going away', () => {
    expect(outcomeOf({ pattern: { kind: 'Pod' } }, { kind: 'Job' }, { operation: 'DELETE' })).toBeUndefined();
    expect(outcomeOf({ anyPattern: [{ kind: 'Pod' }] }, { kind: 'Job' }, { operation: 'DELETE' })).toBeUndefined();
  });
});

describe('anyPattern', () => {
  it.each<[string, Json, string, object]>([
    [
      'the first that passes',
      [{ kind: 'X' }, { kind: 'Pod' }],
      '',
      { status: 'pass', message: "validation rule 'r' anyPattern[1] passed." },
    ],
    [
      'skips are dropped beside failures',
      [{ '(kind)': 'X' }, { kind: 'Y' }],
      'm',
      { status: 'fail', message: 'validation error: m. rule r[1] failed at path /kind/' },
    ],
    [
      'only skips',
      [{ '(x)': 'X' }],
      'm',
      {
        status: 'skip',
        message: "rule r[0] skipped: conditional anchor mismatch: conditional anchor key doesn't exist in the resource",
      },
    ],
    ['none passes', [], 'm', { status: 'pass', message: 'm' }],
  ])('%s', (_, anyPattern, message, expected) => {
    expect(outcomeOf({ message, anyPattern }, { kind: 'Pod' })).toEqual(expected);
  });
});

describe('deny', () => {
  it.each<[string, JsonObject, object]>([
    [
      'holds',
      { message: 'no {{ request.object.kind }}', deny: { conditions: always } },
      { status: 'fail', message: 'no Pod; because Pod' },
    ],
    ['without any message', { deny: {} }, { status: 'fail', message: 'validation error: rule r failed' }],
    ['substitution fails', { message: '{{ x }}', deny: { conditions: { all: [] } } }, { status: 'fail', message: '' }],
    [
      'a message that becomes no text',
      { message: '{{ request.object }}', deny: {} },
      { status: 'fail', message: "the produced message didn't resolve to a string, check your policy definition." },
    ],
    [
      'does not hold',
      { message: 'm', deny: { conditions: { any: [] } } },
      { status: 'pass', message: "validation rule 'r' passed." },
    ],
    [
      'unknown variable',
      { deny: { conditions: { all: [{ key: '{{ request.object.x }}', operator: 'Equals', value: 1 }] } } },
      {
        status: 'error',
        message:
          'failed to check deny conditions: failed to substitute variables in condition key: failed to resolve request.object.x at path : JMESPath query failed: Unknown key "x" in path',
      },
    ],
  ])('%s', (_, block, expected) => {
    expect(outcomeOf(block, { kind: 'Pod' })).toEqual(expected);
  });

  it('looks at objects going away', () => {
    const conditions: Json = { all: [{ key: '{{ request.object.kind }}', operator: 'Equals', value: 'Pod' }] };
    expect(statusOf(outcomeOf({ message: 'm', deny: { conditions } }, { kind: 'Pod' }, { operation: 'DELETE' }))).toBe(
      'fail',
    );
  });
});

describe('foreach', () => {
  const containers = 'request.object.spec.containers';
  const named = (name: string, rest: JsonObject = {}): JsonObject => ({ name, ...rest });
  it.each<[string, Json[], JsonObject, object | undefined]>([
    [
      'every element passes',
      [{ list: containers, pattern: { name: '?*' } }],
      pod(named('a')),
      { status: 'pass', message: 'rule passed' },
    ],
    [
      'an element fails',
      [{ list: containers, pattern: { name: 'a' } }],
      pod(named('a'), named('b')),
      {
        status: 'fail',
        message: 'validation failure: validation error: m. rule r failed at path /name/',
        path: '/name/',
      },
    ],
    ['no elements', [{ list: containers, pattern: { name: 'a' } }], pod(), undefined],
    ['null elements', [{ list: containers, pattern: { name: 'a' } }], pod(null), undefined],
    ['unknown list', [{ list: 'request.object.nope', deny: {} }], pod(), undefined],
    [
      'a list that fails otherwise',
      [{ list: 'to_upper(`1`)', deny: {} }],
      pod(),
      { status: 'error', message: expect.stringMatching(/^failed to evaluate list: JMESPath query failed: /) },
    ],
    [
      'preconditions not met or not evaluable skip the element',
      [
        {
          list: containers,
          preconditions: { all: [{ key: '{{ element.name }}', operator: 'Equals', value: 'x' }] },
          deny: {},
        },
        {
          list: containers,
          preconditions: { all: [{ key: '{{ element.nope }}', operator: 'Equals', value: 'x' }] },
          deny: {},
        },
      ],
      pod(named('a')),
      undefined,
    ],
    [
      'variables of the element and of the context',
      [
        {
          list: containers,
          context: [{ name: 'label', variable: { value: '{{ element0.name }}-{{ elementIndex }}' } }],
          deny: { conditions: { all: [{ key: '{{ label }}', operator: 'Equals', value: 'b-1' }] } },
        },
      ],
      pod(named('a'), named('b')),
      { status: 'fail', message: 'validation failure: m' },
    ],
    [
      'nested',
      [
        {
          list: containers,
          foreach: [
            {
              list: 'element.ports',
              deny: {
                conditions: { all: [{ key: '{{ element1.p }}{{ element0.name }}', operator: 'Equals', value: '2a' }] },
              },
            },
          ],
        },
      ],
      pod(named('a', { ports: [{ p: 1 }, { p: 2 }] })),
      { status: 'fail', message: 'validation failure: validation failure: m' },
    ],
    [
      'elements that are no maps leave the pattern at the resource',
      [{ list: '[`1`]', pattern: { kind: 'Pod' } }],
      pod(),
      { status: 'pass', message: 'rule passed' },
    ],
    [
      'elementScope on no map',
      [{ list: '[`1`]', elementScope: true, pattern: { kind: 'Pod' } }],
      pod(),
      {
        status: 'error',
        message:
          'failed to process foreach: cannot use elementScope=true foreach rules for elements that are not maps, expected type=map got type=float64',
      },
    ],
  ])('%s', (_, foreach, resource, expected) => {
    expect(outcomeOf({ message: 'm', foreach }, resource)).toEqual(expected);
  });
});

describe('existing violations', () => {
  const block: JsonObject = { pattern: { kind: 'Pod' } };
  it.each<[string, JsonObject, Situation, string]>([
    ['both fail', block, { operation: 'UPDATE', old: { kind: 'X' }, policyAction: 'Enforce' }, 'skip'],
    ['the rule enforces', { ...block, failureAction: 'enforce' }, { operation: 'UPDATE', old: { kind: 'X' } }, 'skip'],
    ['the old one passed', block, { operation: 'UPDATE', old: { kind: 'Pod' }, policyAction: 'Enforce' }, 'fail'],
    ['audit', block, { operation: 'UPDATE', old: { kind: 'X' } }, 'fail'],
    ['create', block, { policyAction: 'Enforce' }, 'fail'],
    [
      'switched off',
      { ...block, allowExistingViolations: false },
      { operation: 'UPDATE', old: { kind: 'X' }, policyAction: 'Enforce' },
      'fail',
    ],
    [
      'with preconditions',
      block,
      { operation: 'UPDATE', old: { kind: 'X' }, policyAction: 'Enforce', preconditions: { all: [] } },
      'fail',
    ],
  ])('%s', (_, validateBlock, situation, status) => {
    expect(statusOf(outcomeOf(validateBlock, { kind: 'Y' }, situation))).toBe(status);
  });

  it('variables read the old object as created', () => {
    const conditions: Json = { all: [{ key: '{{ request.object.kind }}', operator: 'Equals', value: 'Y' }] };
    const situation: Situation = { operation: 'UPDATE', old: { kind: 'X' }, policyAction: 'Enforce' };
    expect(statusOf(outcomeOf({ deny: { conditions } }, { kind: 'Y' }, situation))).toBe('fail');
  });
});

describe('what is not executed', () => {
  it('a rule with only assert has no result', () => {
    expect(outcomeOf({ assert: {} }, { kind: 'Pod' })).toBeUndefined();
  });
});

describe('any rule on any object', () => {
  const json = fc.jsonValue({ maxDepth: 4 }).map((value) => value as Json);
  const blocks = fc.record<JsonObject>(
    {
      message: fc.constantFrom<Json>('m', '{{ request.object }}', '{{ element }}', 1),
      pattern: json,
      anyPattern: json,
      deny: fc.oneof(json, fc.record({ conditions: json })),
      foreach: fc.oneof(
        json,
        fc.array(
          fc.record({ list: fc.constantFrom<Json>('request.object.a', '[`1`]', ''), deny: json, pattern: json }),
          { maxLength: 2 },
        ),
      ),
      podSecurity: fc.record({ level: fc.constantFrom('baseline', 'restricted'), exclude: json }),
      preconditions: json,
    },
    { requiredKeys: [] },
  );
  const resources = fc.oneof(
    fc.dictionary(fc.string(), json),
    fc.record({
      kind: fc.constant('Pod'),
      metadata: json,
      spec: fc.oneof(json, fc.record({ containers: fc.array(json), securityContext: json, volumes: json })),
    }),
  );

  it('has a result of its own or none, and never throws', () => {
    fc.assert(
      fc.property(blocks, resources, (block, resource) => {
        const outcome = outcomeOf(block, resource as JsonObject);
        expect([undefined, 'pass', 'fail', 'skip', 'error']).toContain(
          outcome && 'status' in outcome ? outcome.status : outcome,
        );
      }),
      { numRuns: 1500 },
    );
  });
});
