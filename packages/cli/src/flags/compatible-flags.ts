import type { FlagSpec } from './command.ts';

/** What every command of Kyverno takes and scripts therefore give; accepted, without an effect here. */
export const COMPATIBLE_FLAGS: readonly FlagSpec[] = [
  { flags: '-v, --v <level>', summary: 'log level, as Kyverno takes it; accepted', hidden: true },
];
