import type { CompiledPolicy } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';
import type { StoredPolicy } from '../store/policy-store.ts';
import { heedingOwn, triggeredByOwn } from './own-requests.ts';

it.each<[string, JsonObject, ReturnType<typeof triggeredByOwn>]>([
  ['nothing of policies that do not say', { rules: [{ name: 'a' }] }, undefined],
  ['nothing of what is to be skipped', { evaluation: { skipBackgroundRequests: true } }, undefined],
  ['policies in CEL as a whole', { evaluation: { skipBackgroundRequests: false } }, true],
  [
    'rules one by one, and those of autogen with them',
    {
      rules: [
        { name: 'a', skipBackgroundRequests: false },
        { name: 'b', skipBackgroundRequests: true },
      ],
    },
    new Set(['a', 'autogen-a', 'autogen-cronjob-a']),
  ],
])('our own requests trigger %s', (_, spec, expected) => {
  expect(triggeredByOwn({ spec })).toEqual(expected);
});

it('MutatingPolicies are about our own requests only where they say so', () => {
  const stored = ['MutatingPolicy', 'NamespacedMutatingPolicy', 'ImageValidatingPolicy'].flatMap((kind) =>
    [undefined, true, false].map((skipBackgroundRequests): StoredPolicy => {
      const name = String(skipBackgroundRequests);
      const evaluation = skipBackgroundRequests === undefined ? {} : { skipBackgroundRequests };
      // what is looked at of a policy
      const compiled = { ref: { apiVersion: 'policies.kyverno.io/v1', kind, name } } as CompiledPolicy;
      return { key: `${kind}//${name}`, document: { spec: { evaluation } }, compiled, diagnostics: [] };
    }),
  );
  const policies = stored.flatMap(({ compiled }) => (compiled ? [compiled] : []));
  expect(heedingOwn(policies, stored).map(({ ref }) => `${ref.kind} ${ref.name}`)).toEqual([
    'MutatingPolicy false',
    'NamespacedMutatingPolicy false',
    'ImageValidatingPolicy undefined',
    'ImageValidatingPolicy true',
    'ImageValidatingPolicy false',
  ]);
});
