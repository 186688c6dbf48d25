import type { FlagSpec } from './command.ts';

/** How variables are resolved, for commands that evaluate policies. */
export const SUBSTITUTION_FLAGS: readonly FlagSpec[] = [
  {
    flags: '--resolve-request-variables',
    summary: 'resolve `{{ }}` inside of values of resources as well, as Kyverno does',
  },
];
