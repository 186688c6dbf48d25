import { loadPolicy, type Policy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { ApiResource } from '@vouchsafe/kube';
import { describe, expect, it } from 'vitest';
import { diagnoseKinds } from './kind-diagnostics.ts';

const DEPLOYMENTS: ApiResource = {
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  kind: 'Deployment',
  singular: 'deployment',
  isNamespaced: true,
  shortNames: [],
  categories: [],
  verbs: [],
  subresources: [{ name: 'scale', kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: [] }],
  isPreferredVersion: true,
};

function policyWith(
  kinds: readonly string[],
  rule: JsonObject = { validate: { deny: {} } },
  spec: JsonObject = {},
): Policy {
  const { policy } = loadPolicy({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [{ name: 'r', match: { any: [{ resources: { kinds } }] }, ...rule }], ...spec },
  });
  if (!policy) throw new Error('it does not load');
  return policy;
}

async function told(policy: Policy, served: readonly ApiResource[] = [DEPLOYMENTS]): Promise<readonly string[]> {
  const diagnostics = await diagnoseKinds(policy, { resources: async () => served, invalidate: () => {} });
  return diagnostics.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

const MUTATING: JsonObject = { mutate: { patchStrategicMerge: {} } };

describe('kinds that only the API server knows', () => {
  it.each<[string, Policy, readonly string[]]>([
    ['one it serves', policyWith(['Deployment', 'apps/v1/Deployment', 'Dep*']), []],
    [
      'one that is a subresource of others',
      policyWith(['Scale']),
      ['error spec.rules[0].match: background scan enabled with subresource Scale'],
    ],
    [
      'the same without scans',
      policyWith(['Scale'], { validate: { deny: {} } }, { background: false }),
      ['error spec.rules[0].match: Scale is a subresource of several kinds, and is matched as theirs (`*/scale`)'],
    ],
    ['the same in a rule that scans leave out', policyWith(['Scale'], MUTATING), []],
    [
      'one of another group',
      policyWith(['batch/v1/Deployment'], MUTATING),
      [
        'warning spec.rules[0].match: the kind defined in the all match resource is invalid: unable to convert GVK to GVR for kinds batch/v1/Deployment',
      ],
    ],
    [
      'a subresource that it does not have',
      policyWith(['Deployment/exec'], MUTATING),
      [
        'warning spec.rules[0].match: the kind defined in the all match resource is invalid: unable to convert GVK to GVR for kinds Deployment/exec',
      ],
    ],
  ])('%s', async (_, policy, expected) => {
    expect(await told(policy)).toEqual(expected);
  });

  it('are asked for again when one is missing', async () => {
    const lists = [[], [DEPLOYMENTS]];
    const discovery = { resources: async () => lists[0] ?? [], invalidate: () => void lists.shift() };
    expect(await diagnoseKinds(policyWith(['Deployment']), discovery)).toEqual([]);
  });
});
