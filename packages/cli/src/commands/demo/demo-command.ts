import type { Command } from '../../flags/command.ts';

/** The scenarios, told step by step. */
export const demoCommand: Command = {
  name: 'demo',
  summary: 'play a scenario in a cluster of its own and tell each step',
  arguments: [
    { name: 'scenario', summary: 'folder or name; the signed-images tour when absent', optional: true, variadic: true },
  ],
  flags: [
    { flags: '--all', summary: 'play every scenario that comes with the program' },
    {
      flags: '--kubectl <path>',
      summary: 'kubectl to use (default: the fetched one, the one in PATH, else the built-in)',
    },
    { flags: '--keep-logs', summary: 'tell where the logs of the cluster are instead of removing them' },
  ],
  examples: [{ line: 'vouchsafe demo', summary: 'from Audit to Enforce in a dozen steps' }],
  run: async () => (await import('./demo.ts')).demo,
};
