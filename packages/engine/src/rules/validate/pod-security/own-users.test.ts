import { expect, it } from 'vitest';
import { parsePodSecurityVersion } from './controls.ts';
import { evaluatePod } from './evaluate-pod.ts';
import { createPod } from './pod.ts';

/** A container that unmasks /proc, in a Pod with the node's users or its own. */
const unmasking = (hostUsers?: boolean) =>
  createPod(
    {
      ...(hostUsers === undefined ? {} : { hostUsers }),
      containers: [{ name: 'c', securityContext: { procMount: 'Unmasked' } }],
    },
    {},
  );

it.each<[string, string, boolean | undefined, readonly string[]]>([
  ['v1.34', 'baseline', false, ['procMount']],
  ['latest', 'baseline', false, ['procMount']],
  ['', 'baseline', false, ['procMount']],
  ['v1.35', 'baseline', false, []],
  ['v1.36', 'baseline', false, []],
  ['v1.35', 'baseline', true, ['procMount']],
  ['v1.35', 'baseline', undefined, ['procMount']],
  ['v1.34', 'restricted', false, ['procMount']],
  ['v1.35', 'restricted', false, ['procMount_restricted']],
])('%s, %s, hostUsers %s: %j', (version, level, hostUsers, expected) => {
  const found = evaluatePod(unmasking(hostUsers), level, parsePodSecurityVersion(version) ?? 0);
  expect(found.map(({ control }) => control.id).filter((id) => id.startsWith('procMount'))).toEqual(expected);
});
