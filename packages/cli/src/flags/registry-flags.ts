import { type FlagSpec, type FlagValues, listFlag, textFlag } from './command.ts';

/** What one has to know of a registry host to reach it. */
export const REGISTRY_HOST_FLAGS: readonly FlagSpec[] = [
  { flags: '--registry-mirror <host=url>', summary: 'where a registry host is found instead', repeatable: true },
  { flags: '--registry-ca <host=file>', summary: 'PEM authorities of the certificate of a host', repeatable: true },
  {
    flags: '--insecure-registry <host>',
    summary: 'this host may speak plain HTTP, or show any certificate',
    repeatable: true,
  },
];

/** Each as given: `HOST=URL`, `HOST=FILE`, `HOST`. */
export interface RegistryHostSettings {
  readonly mirrors: readonly string[];
  readonly authorities: readonly string[];
  readonly insecure: readonly string[];
}

export function readHostSettings(flags: FlagValues): RegistryHostSettings {
  return {
    mirrors: listFlag(flags, 'registryMirror'),
    authorities: listFlag(flags, 'registryCa'),
    insecure: listFlag(flags, 'insecureRegistry'),
  };
}

/** How commands that evaluate policies reach image registries. */
export const REGISTRY_FLAGS: readonly FlagSpec[] = [
  { flags: '--registry', summary: 'ask image registries, with the credentials of docker' },
  ...REGISTRY_HOST_FLAGS,
  { flags: '--trusted-root <file>', summary: 'trusted_root.json of signatures (default: the public-good instance)' },
  { flags: '--accept-any-statement', summary: 'any bundle about an image is a signature, as for cosign 3' },
];

export interface RegistrySettings {
  readonly hosts: RegistryHostSettings;
  readonly trustedRoot: string;
  readonly acceptAnyStatement: boolean;
}

/** `undefined` when registries are not to be asked; naming one of them or a root asks them as well. */
export function readRegistrySettings(flags: FlagValues): RegistrySettings | undefined {
  const hosts = readHostSettings(flags);
  const trustedRoot = textFlag(flags, 'trustedRoot') ?? '';
  if (flags['registry'] !== true && Object.values(hosts).every((given) => given.length === 0) && trustedRoot === '')
    return undefined;
  return { hosts, trustedRoot, acceptAnyStatement: flags['acceptAnyStatement'] === true };
}
