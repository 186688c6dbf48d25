import type { CompiledPolicy, Phase } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { MANAGED_BY, MUTATING_CONFIGURATION } from './resource-webhooks.ts';
import { describeEarlier, findEarlierWebhooks } from './webhook-order.ts';
import type { ServedResource } from './webhook-rules.ts';

const served: readonly ServedResource[] = [
  { group: '', version: 'v1', resource: 'pods', subresource: '', kind: 'Pod', namespaced: true },
  { group: 'gkm.io', version: 'v1alpha1', resource: 'gkmcaches', subresource: '', kind: 'GKMCache', namespaced: true },
  {
    group: 'gkm.io',
    version: 'v1alpha1',
    resource: 'clustergkmcaches',
    subresource: '',
    kind: 'ClusterGKMCache',
    namespaced: false,
  },
];

/** Only what the order is computed from. */
function policy(kinds: readonly string[], phase: Phase = 'verify-images', admission = true): CompiledPolicy {
  const selectors = kinds.map((kind) => ({
    group: '*',
    version: '*',
    kind,
    subresource: '',
    operations: [],
    phases: new Set([phase]),
  }));
  return {
    ref: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'p' },
    admission,
    selectors,
  } as unknown as CompiledPolicy;
}

function configuration(
  name: string,
  apiGroups: readonly string[],
  resources: readonly string[],
  labels: JsonObject = {},
): JsonObject {
  return { metadata: { name, labels }, webhooks: [{ name: `hook.${name}`, rules: [{ apiGroups, resources }] }] };
}

const CACHES = policy(['GKMCache', 'ClusterGKMCache']);

describe('webhooks that are called before ours', () => {
  it.each<[string, JsonObject, CompiledPolicy, readonly string[]]>([
    [
      'by the name of their configuration',
      configuration('gkm', ['gkm.io'], ['gkmcaches']),
      CACHES,
      ['gkmcaches.gkm.io'],
    ],
    [
      'for all kinds of the group',
      configuration('gkm', ['gkm.io'], ['*']),
      CACHES,
      ['clustergkmcaches.gkm.io', 'gkmcaches.gkm.io'],
    ],
    ['after ours', configuration('z-gkm', ['gkm.io'], ['gkmcaches']), CACHES, []],
    ['ours', configuration('gkm', ['gkm.io'], ['gkmcaches'], { [MANAGED_BY]: 'kyverno' }), CACHES, []],
    ['for everything, which reads nothing of ours', configuration('gatekeeper', ['*'], ['*']), CACHES, []],
    ['for another kind', configuration('gkm', ['gkm.io'], ['others']), CACHES, []],
    ['what puts containers into Pods', configuration('istio', [''], ['pods']), policy(['Pod']), []],
    ['no rule verifies', configuration('gkm', ['gkm.io'], ['gkmcaches']), policy(['GKMCache'], 'validate'), []],
    [
      'scanned alone',
      configuration('gkm', ['gkm.io'], ['gkmcaches']),
      policy(['GKMCache'], 'verify-images', false),
      [],
    ],
    ['without webhooks', { metadata: { name: 'gkm' } }, CACHES, []],
  ])('%s', (_what, other, of, resources) => {
    expect(findEarlierWebhooks([other], [of], served).flatMap((earlier) => earlier.resources)).toEqual(resources);
  });

  it('are told with both names', () => {
    const [earlier] = findEarlierWebhooks([configuration('gkm', ['gkm.io'], ['gkmcaches'])], [CACHES], served);
    const text = earlier ? describeEarlier(earlier) : '';
    for (const name of ['`hook.gkm`', '`gkm`', MUTATING_CONFIGURATION, '`gkmcaches.gkm.io`'])
      expect(text).toContain(name);
  });
});
