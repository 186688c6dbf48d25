import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { evaluateRules, pod, type RuleRun, statusOf, validate } from '../vectors/evaluate-rule.ts';

const ALWAYS: JsonObject = { deny: {} };
const matching = (resources: JsonObject, more: JsonObject = {}): JsonObject =>
  validate(ALWAYS, { match: { any: [{ resources }] }, ...more });
const status = (rule: JsonObject, { spec = {}, ...more }: Partial<RuleRun> = {}): string =>
  statusOf(evaluateRules({ rules: [rule], resource: pod(), spec: { background: false, ...spec }, ...more }));
const namespace = (labels: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'ns', labels },
});

describe('quirks of matching', () => {
  it('quirk 1: a rule that does not match has no result, preconditions that do not hold are a skip', () => {
    expect(status(matching({ kinds: ['Service'] }))).toBe('absent');
    expect(status(validate(ALWAYS, { preconditions: { all: [{ key: 1, operator: 'Equals', value: 2 }] } }))).toBe(
      'skip',
    );
  });

  it('quirk 2: roles, cluster roles and subjects of a filter are all needed', () => {
    const filter = { resources: { kinds: ['Pod'] }, roles: ['ns:a'], clusterRoles: ['b'] };
    const rule = validate(ALWAYS, { match: { any: [filter] } });
    const user = { username: 'jane', groups: [] };
    expect(status(rule, { request: { user, roles: ['ns:a'], clusterRoles: ['b'] } })).toBe('fail');
    expect(status(rule, { request: { user, roles: ['ns:a'] } })).toBe('absent');
  });

  it('quirk 3: without a user, a filter of users excludes nobody and is dropped in match; alone it is refused', () => {
    const users = { subjects: [{ kind: 'User', name: '*' }] };
    expect(status(validate(ALWAYS, { match: { any: [users] } }))).toContain('the kind attribute is mandatory');
    expect(status(validate(ALWAYS, { exclude: { any: [users] } }))).toBe('fail');
    expect(status(validate(ALWAYS, { match: { any: [{ resources: { kinds: ['Pod'] }, ...users }] } }))).toBe('fail');
  });

  it.each([
    ['Pod', 'status', 'absent'],
    ['Pod', 'ephemeralcontainers', 'fail'],
    ['Pod/status', 'status', 'fail'],
  ])('quirk 4: %s and the subresource %s: %s', (kind, subresource, wanted) => {
    expect(status(matching({ kinds: [kind] }), { request: { subresource } })).toBe(wanted);
  });

  it.each([
    ['Pod.status', 'status', 'fail'],
    ['*/scale', 'scale', 'fail'],
    ['v1/Pod', '', 'fail'],
    ['v1/Pod', 'status', 'absent'],
  ])('quirk 5: %s and the subresource `%s`: %s', (kind, subresource, wanted) => {
    expect(status(matching({ kinds: [kind] }), { request: { subresource } })).toBe(wanted);
  });

  it('quirk 6: a namespaceSelector never fits a Namespace in a rule, and is passed over in an exception', () => {
    const namespaceSelector = { matchLabels: { env: 'prod' } };
    const request = { namespaceLabels: { env: 'prod' } };
    const resource = namespace({ env: 'prod' });
    expect(status(matching({ kinds: ['Namespace'], namespaceSelector }), { resource, request })).toBe('absent');
    const excepted = {
      exceptions: [{ policyName: 'p', ruleNames: ['*'] }],
      match: { any: [{ resources: { kinds: ['Namespace'], namespaceSelector: { matchLabels: { other: 'x' } } } }] },
    };
    expect(status(matching({ kinds: ['Namespace'] }), { resource, exceptions: [excepted] })).toBe('skip');
  });

  it('quirk 8: a wildcard in a selector that no label fits matches nothing', () => {
    const labelled = pod({ metadata: { name: 'web', namespace: 'ns', labels: { app: 'x' } } });
    const rule = (matchLabels: JsonObject): JsonObject => matching({ kinds: ['Pod'], selector: { matchLabels } });
    expect(status(rule({ 'a*': '*' }), { resource: labelled })).toBe('fail');
    expect(status(rule({ 'b*': '*' }), { resource: labelled })).toBe('absent');
    expect(status(rule({ '*': '*' }), { resource: pod() })).toBe('absent');
  });

  it('quirk 10: a rule for UPDATE alone is silent where objects are taken as created', () => {
    expect(status(matching({ kinds: ['Pod'], operations: ['UPDATE'] }))).toBe('absent');
  });

  it('quirk 11: applyRules One counts passes and failures, not skips and errors', () => {
    const skipped = validate(ALWAYS, { name: 'a', preconditions: { all: [{ key: 1, operator: 'Equals', value: 2 }] } });
    const erred = validate(
      { deny: { conditions: [{ key: '{{ nobody }}', operator: 'Equals', value: 1 }] } },
      { name: 'b' },
    );
    const rules = [skipped, erred, validate(ALWAYS, { name: 'c' }), validate(ALWAYS, { name: 'd' })];
    expect(status(rules[0] ?? {})).toBe('skip');
    const { results } = evaluateRules({ rules, resource: pod(), spec: { applyRules: 'One' } });
    expect(results.map(({ rule }) => rule)).toEqual(['a', 'b', 'c']);
  });

  it('quirk 12: conditions of the webhook are asked again, and one that fails means that the policy does not apply', () => {
    const spec = (expression: string): JsonObject => ({
      webhookConfiguration: { matchConditions: [{ name: 'c', expression }] },
    });
    expect(status(validate(ALWAYS), { spec: spec('object.metadata.name == "web"') })).toBe('fail');
    expect(status(validate(ALWAYS), { spec: spec('object.metadata.name == "other"') })).toBe('absent');
    expect(status(validate(ALWAYS), { spec: spec('object.nothing.there == "other"') })).toBe('absent');
  });

  it('a namespaced policy is about its own namespace', () => {
    expect(status(validate(ALWAYS), { policyNamespace: 'ns' })).toBe('fail');
    expect(status(validate(ALWAYS), { policyNamespace: 'other' })).toBe('absent');
  });
});
