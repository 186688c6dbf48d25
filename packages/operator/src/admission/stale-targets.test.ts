import type { JsonObject } from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';
import { warnOfStaleTargets } from './stale-targets.ts';

const policy = (...generates: readonly JsonObject[]): JsonObject => ({
  spec: { rules: generates.map((generate, index) => ({ name: `r${index}`, generate })) },
});
const SECRET = { kind: 'Secret', name: 's', namespace: 'n', clone: { name: 'c', namespace: 'd' } };
const CONFIG_MAP = { kind: 'ConfigMap', name: 's', namespace: 'n', data: { a: 'b' } };

it.each<[string, JsonObject, JsonObject, number]>([
  ['nothing', policy(SECRET, CONFIG_MAP), policy(CONFIG_MAP, SECRET), 0],
  ['the data', policy(CONFIG_MAP), policy({ ...CONFIG_MAP, data: { a: 'c' }, synchronize: true }), 0],
  ['one rule more', policy(SECRET), policy(SECRET, CONFIG_MAP), 0],
  ['the name of the target', policy(SECRET), policy({ ...SECRET, name: 't' }), 1],
  ['the source', policy(SECRET), policy({ ...SECRET, clone: { name: 'c', namespace: 'e' } }), 1],
  ['a rule that is gone', policy(SECRET, CONFIG_MAP), policy(CONFIG_MAP), 1],
  ['rules that generate nothing', { spec: { rules: [{ name: 'v', validate: {} }] } }, policy(SECRET), 0],
])('an update that changes %s', (_name, before, after, count) => {
  expect(warnOfStaleTargets(before, after)).toHaveLength(count);
});

it('a new policy has no old targets', () => {
  expect(warnOfStaleTargets(undefined, policy(SECRET))).toEqual([]);
});
