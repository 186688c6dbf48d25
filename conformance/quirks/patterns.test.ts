import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { evaluateRules, fits, MATCH_PODS, pod, statusOf, validate } from '../vectors/evaluate-rule.ts';

const check = (block: JsonObject, resource: JsonObject = pod(), more: JsonObject = {}) =>
  evaluateRules({ rules: [validate(block, more)], resource });
const status = (block: JsonObject, resource: JsonObject = pod()): string => statusOf(check(block, resource));
const message = (block: JsonObject, resource: JsonObject = pod()): string =>
  check(block, resource).results[0]?.message ?? '';
const spec = (value: JsonObject): JsonObject => pod({ spec: value });

describe('quirks of patterns', () => {
  it.each<[Json, Json, boolean]>([
    ['!', '!', true],
    ['a', '!', false],
    ['*', '*', true],
    [null, '!a', false],
    ['b', '!a', true],
  ])('quirk 35: %j and %j: short texts are themselves, and null never fits `!`', (value, pattern, wanted) => {
    expect(fits(value, pattern)).toBe(wanted);
  });

  it('quirk 36: the first element of a list is for all; an empty list is no pattern', () => {
    const list = (...elements: Json[]): JsonObject => ({ pattern: { spec: { list: elements } } });
    expect(status(list({ a: 1 }, { b: 2 }), spec({ list: [{ a: 1 }, { a: 1 }] }))).toBe('pass');
    expect(status(list({ a: 1 }, { b: 2 }), spec({ list: [{ a: 1 }, { b: 2 }] }))).toBe('fail');
    expect(status(list('a*'), spec({ list: ['ab', 'b'] }))).toBe('fail');
    expect(status(list(), spec({ list: [] }))).not.toBe('pass');
  });

  it('quirk 37: `*` wants the key, and names the path of what it is missing in', () => {
    const block = { pattern: { spec: { name: '*' } } };
    expect(status(block, spec({ name: 'x' }))).toBe('pass');
    expect(message(block, spec({}))).toContain('failed at path /spec/');
    expect(status(block, spec({ name: null }))).not.toBe('pass');
  });

  it('quirk 38: an anchor whose key is nowhere skips what it is the condition of, or makes a failure an error', () => {
    const existence = { pattern: { spec: { '^(list)': [{ a: 'x' }] }, metadata: { name: 'other' } } };
    expect(status(existence, spec({}))).toBe('error');
    const block = { pattern: { spec: { '(name)': 'x', other: 'y' } } };
    expect(status(block, spec({ other: 'z' }))).toBe('skip');
    expect(status(block, spec({ name: 'x', other: 'z' }))).toBe('fail');
  });

  it('quirk 39, not followed: what an object holds never decides how a mismatch counts', () => {
    const block = { pattern: { spec: { name: 'wanted' } } };
    for (const phrase of ['conditional anchor mismatch', 'global anchor mismatch']) {
      expect(status(block, spec({ name: phrase }))).toBe('fail');
      expect(status({ pattern: { spec: { list: [{ name: 'wanted' }] } } }, spec({ list: [{ name: phrase }] }))).toBe(
        'fail',
      );
    }
  });

  it('quirk 40: `+( )` is a key like any other in a pattern', () => {
    expect(status({ pattern: { spec: { '+(name)': 'x' } } }, spec({ name: 'x' }))).not.toBe('pass');
  });

  it('quirk 40: a global anchor in a list lets elements be when another passes', () => {
    const block = { pattern: { spec: { list: [{ '<(a)': 1, b: 2 }] } } };
    expect(
      status(
        block,
        spec({
          list: [
            { a: 1, b: 2 },
            { a: 9, b: 9 },
          ],
        }),
      ),
    ).toBe('pass');
    expect(status(block, spec({ list: [{ a: 9, b: 9 }] }))).toBe('skip');
  });

  it('quirk 41: deny without conditions denies, assert does nothing, a key with wildcards is the first that fits', () => {
    expect(status({ deny: {} })).toBe('fail');
    expect(status({ deny: { conditions: [] } })).toBe('fail');
    const labels = (own: JsonObject): JsonObject => pod({ metadata: { name: 'web', namespace: 'ns', labels: own } });
    const block = { pattern: { metadata: { labels: { 'app*': 'x' } } } };
    expect(status(block, labels({ app1: 'x', app2: 'y' }))).toBe('pass');
    expect(status(block, labels({ app1: 'y', app2: 'x' }))).toBe('fail');
  });

  it('quirk 42: a foreach over what is not there has no result in validate, and is an error in mutate', () => {
    const deny = (key: string): JsonObject => ({
      deny: { conditions: { all: [{ key, operator: 'Equals', value: 'c' }] } },
    });
    const over = (list: string, more: JsonObject = {}): JsonObject => ({
      foreach: [{ list, ...deny('{{ element.name }}'), ...more }],
    });
    expect(status(over('request.object.spec.nothing'))).toBe('absent');
    expect(status(over('request.object.spec.containers'))).toBe('fail');
    const broken = { preconditions: { all: [{ key: '{{ element.nothing }}', operator: 'Equals', value: 'x' }] } };
    expect(status(over('request.object.spec.containers', broken))).toBe('absent');
    const mutate = { foreach: [{ list: 'request.object.spec.nothing', patchStrategicMerge: { spec: { x: 'y' } } }] };
    const rules = [{ name: 'r', match: MATCH_PODS, mutate }];
    expect(statusOf(evaluateRules({ rules, resource: pod(), phase: 'mutate' }))).toBe('error');
  });

  it('quirk 43: anyPattern tells what failed and leaves out what was skipped', () => {
    const skipped = { spec: { '(nothing)': 'x', a: 1 } };
    const block = { anyPattern: [skipped, { spec: { name: 'x' } }] };
    const told = message(block, spec({ name: 'y' }));
    expect(told).toContain('r[1] failed at path /spec/name/');
    expect(told).not.toContain('r[0]');
    expect(status({ anyPattern: [skipped] }, spec({ name: 'y' }))).toBe('skip');
  });

  it.each([
    ['m', 'validation error: m. rule r failed at path /spec/name/'],
    ['m.', 'validation error: m. rule r failed at path /spec/name/'],
  ])('quirk 44: the message `%s` ends in one full stop', (text, wanted) => {
    expect(message({ message: text, pattern: { spec: { name: 'x' } } }, spec({ name: 'y' }))).toBe(wanted);
  });

  it('quirk 44: a failure of foreach and of podSecurity begin in their own ways', () => {
    const foreach = [{ list: 'request.object.spec.containers', pattern: { image: 'x' } }];
    expect(message({ foreach })).toMatch(/^validation failure: /);
    const privileged = spec({ containers: [{ name: 'c', image: 'a', securityContext: { privileged: true } }] });
    expect(message({ podSecurity: { level: 'baseline' } }, privileged)).toMatch(
      /^Validation rule 'r' failed\. It violates/,
    );
  });
});
