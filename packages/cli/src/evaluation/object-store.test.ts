import type { JsonObject } from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';
import { createKindTable } from '../inputs/kind-table.ts';
import { createObjectStore } from './object-store.ts';

const secret = (name: string, namespace: string, label: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace, labels: { label } },
});

it('an object that is given twice is there once, as it came first', () => {
  const objects = [secret('a', 'x', 'first'), secret('a', 'y', 'other'), secret('a', 'x', 'second')];
  const store = createObjectStore(objects, createKindTable([]));
  expect(store.find({ group: '', kind: 'Secret' })).toEqual(objects.slice(0, 2));
  expect(store.find({ group: '', kind: 'Secret', namespace: 'x' })).toEqual([objects[0]]);
  expect(store.find({ group: '', kind: 'Secret', labelSelector: 'label=second' })).toEqual([]);
});

it('objects without a name are not each other', () => {
  const unnamed: JsonObject = { apiVersion: 'v1', kind: 'Secret', metadata: { generateName: 'a-' } };
  expect(createObjectStore([unnamed, unnamed], createKindTable([])).all).toHaveLength(2);
});
