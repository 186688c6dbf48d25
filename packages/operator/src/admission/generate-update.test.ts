import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { diagnoseGenerateUpdate, warnOfVariableSources } from './generate-update.ts';

const policy = (...rules: readonly JsonObject[]): JsonObject => ({ spec: { rules } });
const generating = (...generates: readonly JsonObject[]): JsonObject =>
  policy(...generates.map((generate, index) => ({ name: `r${index}`, generate })));
const SECRET = { kind: 'Secret', name: 's', namespace: 'n', clone: { name: 'c', namespace: 'd' } };
const CONFIG_MAP = { kind: 'ConfigMap', name: 's', namespace: 'n', data: { a: 'b' } };
const judged = (before: JsonObject | undefined, after: JsonObject) =>
  diagnoseGenerateUpdate(before, after).map(({ severity }) => severity);

describe('an update of generate rules', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['the data', generating(CONFIG_MAP), generating({ ...CONFIG_MAP, data: { a: 'c' }, synchronize: true })],
    ['one rule more', generating(SECRET), generating(SECRET, CONFIG_MAP)],
    ['rules that generate nothing', policy({ name: 'v', validate: {} }), generating(SECRET)],
  ])('may change %s', (_name, before, after) => {
    expect(judged(before, after)).toEqual([]);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['the name of the target', generating(SECRET), generating({ ...SECRET, name: 't' })],
    ['the source', generating(SECRET), generating({ ...SECRET, clone: { name: 'c', namespace: 'e' } })],
    ['a rule that is gone', generating(SECRET, CONFIG_MAP), generating(SECRET)],
    ['the name of the rule with its target', generating(SECRET), policy({ name: 'n', generate: CONFIG_MAP })],
  ])('is warned of when it leaves old targets behind: %s', (_name, before, after) => {
    expect(judged(before, after)).toEqual(['warning']);
  });

  const match = { any: [{ resources: { kinds: ['Namespace'] } }] };
  const rule = (part: JsonObject, synchronize: boolean): JsonObject => ({
    name: 'r',
    match,
    generate: { ...CONFIG_MAP, synchronize },
    ...part,
  });
  const wider = { match: { any: [{ resources: { kinds: ['Namespace', 'Secret'] } }] } };
  it.each<[string, JsonObject, synchronized: string[], once: string[]]>([
    ['nothing', {}, [], []],
    ['what is empty anyway', { context: [], exclude: {}, preconditions: null }, [], []],
    ['the name', { name: 'other' }, ['error'], ['error']],
    ['match', wider, ['error'], []],
    ['exclude', { exclude: wider.match }, ['error'], ['error']],
    ['context', { context: [{ name: 'a', variable: { value: 1 } }] }, ['error'], ['error']],
    ['preconditions', { preconditions: { all: [{ key: 'a', operator: 'Equals', value: 'b' }] } }, ['error'], ['error']],
  ])('is refused for what decides when: %s', (_name, part, synchronized, once) => {
    expect(judged(policy(rule({}, true)), policy(rule(part, true)))).toEqual(synchronized);
    expect(judged(policy(rule({}, true)), policy(rule(part, false)))).toEqual(synchronized);
    expect(judged(policy(rule({}, false)), policy(rule(part, false)))).toEqual(once);
  });

  it('looks whether any rule synchronized, and at no other order of rules or members', () => {
    const other = { name: 'o', match, generate: { ...SECRET, synchronize: true } };
    expect(judged(policy(rule({}, false), other), policy(rule(wider, false), other))).toEqual(['error']);
    expect(judged(policy(rule({}, false), other), policy(other, rule({}, false)))).toEqual([]);
  });

  it('is none of a policy that is new', () => {
    expect(judged(undefined, generating(SECRET))).toEqual([]);
  });
});

it.each<[string, JsonObject, string[]]>([
  ['the name of a target', { ...SECRET, name: '{{ request.name }}' }, []],
  ['the data', { ...CONFIG_MAP, data: { a: '{{ request.name }}' } }, []],
  ['a source', { ...SECRET, clone: { name: '{{ request.name }}', namespace: 'd' } }, ['spec.rules[0].generate']],
  ['a kind', { ...SECRET, kind: '{{ request.kind.kind }}' }, ['spec.rules[0].generate']],
  ['each', { foreach: [CONFIG_MAP, { ...SECRET, kind: '{{ element }}' }] }, ['spec.rules[0].generate.foreach[1]']],
])('variables in %s', (_name, generate, paths) => {
  expect(warnOfVariableSources(generating(generate)).map(({ message }) => message)).toEqual(
    paths.map((path) => `variables in ${path}.clone/cloneList would lead to incorrect synchronization behavior`),
  );
});
