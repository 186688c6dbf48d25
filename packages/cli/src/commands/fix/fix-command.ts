import type { Command } from '../../flags/command.ts';
import { COMPATIBLE_FLAGS } from '../../flags/compatible-flags.ts';

const fixPolicyCommand: Command = {
  name: 'policy',
  summary: 'bring policies up to date: match blocks, operators, the spelling of actions',
  arguments: [{ name: 'path', summary: 'folders and files', variadic: true }],
  flags: [{ flags: '--save', summary: 'write the files' }, ...COMPATIBLE_FLAGS],
  examples: [{ line: 'vouchsafe fix policy . --save', summary: 'all policies below this folder' }],
  run: async () => (await import('./fix-policy-files.ts')).fixPolicyFiles,
};

const fixTestCommand: Command = {
  name: 'test',
  summary: 'bring test manifests up to date',
  arguments: [{ name: 'path', summary: 'folders', variadic: true }],
  flags: [
    { flags: '-f, --file-name <name>', summary: 'name of the manifests', default: 'kyverno-test.yaml' },
    { flags: '--save', summary: 'write the files' },
    { flags: '--force', summary: 'write also what needs no change' },
    { flags: '--compress', summary: 'put results together that differ in their resources alone' },
    ...COMPATIBLE_FLAGS,
  ],
  examples: [{ line: 'vouchsafe fix test . --save --compress', summary: 'all manifests below this folder' }],
  run: async () => (await import('./fix-test-files.ts')).fixTestFiles,
};

/** Old forms of files, made new. */
export const fixCommand: Command = {
  name: 'fix',
  summary: 'bring policies and test manifests up to date',
  commands: [fixPolicyCommand, fixTestCommand],
};
