import type { Command } from '../../flags/command.ts';
import { COMPATIBLE_FLAGS } from '../../flags/compatible-flags.ts';

export const versionCommand: Command = {
  name: 'version',
  summary: 'print the version',
  flags: [{ flags: '-o, --output <format>', summary: 'json or yaml' }, ...COMPATIBLE_FLAGS],
  examples: [{ line: 'vouchsafe version -o json', summary: 'for a script' }],
  run: async () => (await import('./version.ts')).version,
};
