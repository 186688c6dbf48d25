import type { JsonObject } from '@vouchsafe/engine/kernel';
import { expect, it } from 'vitest';
import { triggeredByOwn } from './own-requests.ts';

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
