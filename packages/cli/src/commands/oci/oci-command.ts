import type { Command, FlagSpec } from '../../flags/command.ts';
import { COMPATIBLE_FLAGS } from '../../flags/compatible-flags.ts';
import { REGISTRY_HOST_FLAGS } from '../../flags/registry-flags.ts';

const FLAGS: readonly FlagSpec[] = [
  { flags: '-i, --image <reference>', summary: 'the artifact: registry/repository:tag' },
  ...REGISTRY_HOST_FLAGS,
  { flags: '--allow-insecure-registry', summary: 'accept plain HTTP and unknown certificates' },
  ...COMPATIBLE_FLAGS,
];

const pushCommand: Command = {
  name: 'push',
  summary: 'put policies into a registry, as an artifact with one layer a policy',
  arguments: [{ name: 'path', summary: 'a file or a folder with all below it' }],
  flags: FLAGS,
  examples: [{ line: 'vouchsafe oci push ./policies -i ghcr.io/acme/policies:v1', summary: 'a folder' }],
  run: async () => (await import('./push.ts')).push,
};

const pullCommand: Command = {
  name: 'pull',
  summary: 'write the policies of an artifact into a folder, a file each',
  arguments: [{ name: 'folder', summary: 'made when it does not exist' }],
  flags: FLAGS,
  examples: [{ line: 'vouchsafe oci pull ./policies -i ghcr.io/acme/policies:v1', summary: 'into a folder' }],
  run: async () => (await import('./pull.ts')).pull,
};

/** Policies in registries; media types, file names and texts are Kyverno's (kyverno-core §5.1). */
export const ociCommand: Command = {
  name: 'oci',
  summary: 'push policies to a registry, pull them from one',
  commands: [pushCommand, pullCommand],
};
