import { expect, it } from 'vitest';
import { loadPolicy } from '../load-policies.ts';

it.each([
  ['mutate', { patchStrategicMerge: { metadata: { labels: { a: 'b' } } } }, 1],
  ['generate', { apiVersion: 'v1', kind: 'Secret', name: 's', namespace: 'n', data: {} }, 1],
  ['validate', { deny: {} }, 1],
  ['validate', { cel: { expressions: [{ expression: 'true' }] } }, 0],
])('preconditions in CEL of a %s rule need validate.cel', (operation, body, count) => {
  const match = { any: [{ resources: { kinds: ['ConfigMap'] } }] };
  const celPreconditions = [{ name: 'c', expression: 'true' }];
  const { diagnostics } = loadPolicy({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [{ name: 'r', match, celPreconditions, [operation]: body }] },
  });
  const told = diagnostics.filter(({ message }) => message === 'celPrecondition can only be used with validate.cel');
  expect(told.map(({ path }) => path)).toEqual(Array(count).fill(`spec.rules[0].${operation}`));
});
