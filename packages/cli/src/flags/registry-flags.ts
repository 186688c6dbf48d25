import { type FlagSpec, type FlagValues, listFlag, textFlag } from './command.ts';

/** How commands that evaluate policies reach image registries. */
export const REGISTRY_FLAGS: readonly FlagSpec[] = [
  { flags: '--registry', summary: 'ask image registries, with the credentials of docker' },
  { flags: '--registry-mirror <host=url>', summary: 'where a registry host is found instead', repeatable: true },
  { flags: '--trusted-root <file>', summary: 'trusted_root.json of signatures (default: the public-good instance)' },
];

export interface RegistrySettings {
  readonly mirrors: readonly string[];
  readonly trustedRoot: string;
}

/** `undefined` when registries are not to be asked; naming a mirror or a root asks them as well. */
export function readRegistrySettings(flags: FlagValues): RegistrySettings | undefined {
  const mirrors = listFlag(flags, 'registryMirror');
  const trustedRoot = textFlag(flags, 'trustedRoot') ?? '';
  if (flags['registry'] !== true && mirrors.length === 0 && trustedRoot === '') return undefined;
  return { mirrors, trustedRoot };
}
