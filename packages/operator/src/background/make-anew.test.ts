import type { JsonObject } from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';
import { type Generated, makeAnew } from './make-anew.ts';

const CONFIG_MAPS = {
  group: '',
  version: 'v1',
  resource: 'configmaps',
  kind: 'ConfigMap',
  isNamespaced: true,
} as unknown as Generated['resource']; // what is read of it

function made(name: string, trigger: string): Generated {
  const metadata = { name, namespace: 'team', labels: { 'generate.kyverno.io/trigger-uid': trigger } };
  return { resource: CONFIG_MAPS, item: { apiVersion: 'v1', kind: 'ConfigMap', metadata } };
}

const wanted = (name: string, kind = 'ConfigMap', namespace = 'team'): JsonObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace },
});

it.each([
  ['what is still asked for stays', [wanted('a'), wanted('b')], []],
  ['what is not goes', [wanted('a')], ['b']],
  ['a namesake of another kind is not it', [wanted('a', 'Secret'), wanted('b')], ['a']],
  ['nor one of another namespace', [wanted('a'), wanted('b', 'ConfigMap', 'other')], ['b']],
  ['a trigger that the policy is silent about keeps all', [], []],
  ['so does one that could not be judged', undefined, []],
  ['unless it keeps nothing that is not asked for', [], ['a', 'b'], false],
  ['nor what nobody can judge', undefined, ['a', 'b'], false],
])('%s', async (_, objects, expected, keepsUnasked = true) => {
  const removed: string[] = [];
  const judged: string[] = [];
  await makeAnew([made('a', 'one'), made('b', 'one')], {
    regenerate: async (labels) => {
      judged.push(labels['generate.kyverno.io/trigger-uid'] ?? '');
      return objects;
    },
    remove: async ({ item }) => void removed.push(item.metadata.name ?? ''),
    keepsUnasked,
  });
  expect(removed).toEqual(expected);
  expect(judged).toEqual(['one']);
});

it('each trigger is judged', async () => {
  const judged: string[] = [];
  await makeAnew([made('a', 'one'), made('b', 'two')], {
    regenerate: async (labels) => {
      judged.push(labels['generate.kyverno.io/trigger-uid'] ?? '');
      return [];
    },
    remove: async () => {},
    keepsUnasked: true,
  });
  expect(judged).toEqual(['one', 'two']);
});
