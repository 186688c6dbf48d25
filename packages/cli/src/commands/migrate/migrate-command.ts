import type { Command } from '../../flags/command.ts';
import { COMPATIBLE_FLAGS } from '../../flags/compatible-flags.ts';

/** Flags and texts are Kyverno's (kyverno-core §5.1). */
export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'write the custom resources of a cluster again, in the version that is stored now',
  flags: [
    { flags: '--resource <crd>', summary: 'names of CustomResourceDefinitions', repeatable: true },
    { flags: '--kubeconfig <file>', summary: 'kubeconfig of the cluster' },
    { flags: '--context <name>', summary: 'context of the kubeconfig' },
    ...COMPATIBLE_FLAGS,
  ],
  examples: [
    { line: 'vouchsafe migrate --resource policyexceptions.kyverno.io', summary: 'before an old version is removed' },
  ],
  run: async () => (await import('./migrate.ts')).migrate,
};
