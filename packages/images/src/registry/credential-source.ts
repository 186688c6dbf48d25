import type { RegistryAccess } from '@vouchsafe/engine/facts';
import { type Credential, findCredential } from './docker-config.ts';
import { RegistryFailure } from './registry-failure.ts';

/** Where docker config documents come from. A shell implements it over the Kubernetes API, files or both. */
export interface CredentialSource {
  /**
   * The docker config JSON of the secret `namespace/name`; undefined when there is no such secret (which is not an
   * error: the kubelet ignores it too). A rejection fails the question as `transient`.
   */
  secretConfig(name: string, signal: AbortSignal): Promise<string | undefined>;
  /** The docker config of the process itself, for images whose request names no fitting secret. */
  defaultConfig?(signal: AbortSignal): Promise<string | undefined>;
}

/** Logins of cloud providers, by the names of `imageRegistryCredentials.providers`. */
export interface CredentialHelpers {
  /** Undefined when the host is none of theirs, or this process has no identity there. Rejects `RegistryFailure`. */
  login(host: string, names: readonly string[], signal: AbortSignal): Promise<Credential | undefined>;
}

/**
 * The credential for a repository: from the named secrets in order, then the named providers, then the default.
 * Undefined: ask anonymously.
 */
export async function chooseCredential(
  source: CredentialSource | undefined,
  access: RegistryAccess,
  host: string,
  repository: string,
  signal: AbortSignal,
  helpers?: CredentialHelpers,
): Promise<Credential | undefined> {
  for (const name of access.secrets) {
    const config = await source?.secretConfig(name, signal).catch(() => {
      throw new RegistryFailure('transient', `the registry credentials in the secret \`${name}\` cannot be read`);
    });
    const credential = config === undefined ? undefined : findCredential(config, host, repository);
    if (credential !== undefined) return credential;
  }
  const login = await helpers?.login(host, access.providers, signal);
  if (login !== undefined) return login;
  const config = await source?.defaultConfig?.(signal).catch(() => undefined);
  return config === undefined ? undefined : findCredential(config, host, repository);
}
