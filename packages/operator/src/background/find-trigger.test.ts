import type { EvaluationRequest } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { KubeClient } from '@vouchsafe/kube';
import { expect, it } from 'vitest';
import { findTrigger } from './find-trigger.ts';

const map = (resourceVersion: string, value: string, managedFields: readonly string[] = []): JsonObject => ({
  metadata: { name: 'map', namespace: 'a', resourceVersion, managedFields },
  data: { value },
});

function asked(resource: JsonObject, oldResource: JsonObject): EvaluationRequest {
  const kind = { group: '', version: 'v1', kind: 'ConfigMap' };
  // What is looked at.
  return { operation: 'UPDATE', kind, namespace: 'a', name: 'map', subresource: '', resource, oldResource } as never;
}

/** A server on which the object stays as it is. */
function serving(live: JsonObject): KubeClient {
  const served = { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap', isNamespaced: true };
  return { discovery: { findKind: async () => served }, get: async () => live } as never; // what is asked of it
}

it('an update that changes nothing is found, though nothing is written', async () => {
  const stored = map('1', 'x');
  const found = await findTrigger(serving(stored), asked(map('1', 'x', ['me']), stored), new AbortController().signal);
  expect(found?.resource).toMatchObject(stored);
});

it('one that changes something is looked for until it is written', async () => {
  const stored = map('1', 'x');
  const stop = AbortSignal.timeout(200);
  expect(await findTrigger(serving(stored), asked(map('1', 'y'), stored), stop)).toBeUndefined();
  const found = await findTrigger(serving(map('2', 'y')), asked(map('1', 'y'), stored), new AbortController().signal);
  expect(found?.resource).toMatchObject(map('2', 'y'));
});
