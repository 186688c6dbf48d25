import type { Command, FlagSpec } from '../../flags/command.ts';

const HOME: FlagSpec = {
  flags: '--home <dir>',
  summary: 'folder of the sandbox (default: $VOUCHSAFE_HOME or ./.vouchsafe)',
};

/** A cluster to try policies in: API server, registry and Sigstore services in one process, the operator beside it. */
export const sandboxCommand: Command = {
  name: 'sandbox',
  summary: 'run a cluster in a folder: no Docker, real kubectl',
  commands: [
    {
      name: 'up',
      summary: 'start it; leaves it running in the background',
      flags: [
        HOME,
        { flags: '--port <port>', summary: 'port of the API server (default: a free one)' },
        { flags: '--tour', summary: 'install the policies of the tour and show what they do' },
        { flags: '--foreground', summary: 'stay in the foreground until interrupted' },
      ],
      examples: [
        { line: 'vouchsafe sandbox up', summary: 'an empty cluster with the operator' },
        { line: 'vouchsafe sandbox up --tour', summary: 'with policies and images to try' },
      ],
      run: async () => (await import('./up.ts')).up,
    },
    {
      name: 'down',
      summary: 'stop it and remove its files',
      flags: [HOME],
      run: async () => (await import('./down.ts')).down,
    },
    {
      name: 'status',
      summary: 'tell what runs and where',
      flags: [HOME],
      run: async () => (await import('./status.ts')).status,
    },
    {
      name: 'reset',
      summary: 'start again with an empty cluster',
      flags: [HOME],
      run: async () => (await import('./reset.ts')).reset,
    },
    {
      name: 'operator',
      summary: 'kill, stop, start or restart the operator of a running sandbox',
      hidden: true,
      arguments: [{ name: 'action', summary: 'kill, stop, start or restart' }],
      flags: [HOME],
      run: async () => (await import('./operator.ts')).operator,
    },
    {
      name: 'serve',
      summary: 'the sandbox itself, in the foreground',
      hidden: true,
      flags: [
        HOME,
        { flags: '--port <port>', summary: 'port of the API server' },
        { flags: '--tour', summary: 'with the tour' },
      ],
      run: async () => (await import('./serve.ts')).serve,
    },
  ],
};
