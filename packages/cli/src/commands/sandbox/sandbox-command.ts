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
        { flags: '--from <dir>', summary: 'apply the manifests of a folder or file once it is up' },
        { flags: '--persist', summary: 'keep objects and keys in the folder of the sandbox over restarts' },
        { flags: '--foreground', summary: 'stay in the foreground until interrupted' },
      ],
      examples: [
        { line: 'vouchsafe sandbox up', summary: 'an empty cluster with the operator' },
        { line: 'vouchsafe sandbox up --tour', summary: 'with policies and images to try' },
        {
          line: 'vouchsafe sandbox up --from manifests/ --persist',
          summary: 'with your own objects, kept over restarts',
        },
      ],
      run: async () => (await import('./up.ts')).up,
    },
    {
      name: 'down',
      summary: 'stop it and remove its files, but not the objects of a persistent one',
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
      summary: 'start again with an empty cluster; a persistent one forgets its objects',
      flags: [HOME],
      run: async () => (await import('./reset.ts')).reset,
    },
    {
      name: 'load',
      summary: 'apply files and folders of manifests to the running sandbox: namespaces and definitions first',
      arguments: [{ name: 'path', summary: 'file, folder or glob', variadic: true }],
      flags: [HOME],
      examples: [{ line: 'vouchsafe sandbox load policies/ app.yaml', summary: 'a folder and a file' }],
      run: async () => (await import('./load.ts')).load,
    },
    {
      name: 'record',
      summary: 'write what kubectl does to the running sandbox, until Ctrl-C, as a scenario that can be played again',
      arguments: [{ name: 'dir', summary: 'folder of the scenario; must not hold one yet' }],
      flags: [HOME, { flags: '--title <text>', summary: 'what the scenario shows' }],
      examples: [
        { line: 'vouchsafe sandbox record my-case', summary: 'then type kubectl commands in another terminal' },
        { line: 'vouchsafe demo ./my-case', summary: 'play it again in a cluster of its own' },
      ],
      run: async () => (await import('./record.ts')).record,
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
        { flags: '--persist', summary: 'keep objects' },
      ],
      run: async () => (await import('./serve.ts')).serve,
    },
  ],
};
