import type { RegistryAccess } from '@vouchsafe/engine/facts';
import { type Credential, findCredential, findCredentialProgram } from './docker-config.ts';
import { RegistryFailure } from './registry-failure.ts';

/** Where docker config documents come from. A shell implements it over the Kubernetes API, files or both. */
export interface CredentialSource {
  /**
   * The docker config JSON of the secret `namespace/name`; undefined when there is no such secret (which is not an
   * error: the kubelet ignores it too). A rejection fails the question as `transient`.
   */
  secretConfig(name: string, signal: AbortSignal): Promise<string | undefined>;
  /** The docker configs of the process itself, in order, for images whose request names no fitting secret. */
  defaultConfigs?(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * What the program `docker-credential-PROGRAM` that a config of the process names keeps for a server; undefined when that is
   * nothing. Absent: such programs are not run.
   */
  askProgram?(program: string, server: string, signal: AbortSignal): Promise<Credential | undefined>;
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
  return source && credentialOfProcess(source, host, repository, signal);
}

/** Of the first config that has one. A program that fails has none: then the registry, asked anonymously, says what it wants. */
async function credentialOfProcess(
  source: CredentialSource,
  host: string,
  repository: string,
  signal: AbortSignal,
): Promise<Credential | undefined> {
  const configs = await source.defaultConfigs?.(signal).catch(() => {
    throw new RegistryFailure('transient', 'the registry credentials of this process cannot be read');
  });
  for (const config of configs ?? []) {
    const kept = findCredentialProgram(config, host);
    const told = kept && (await source.askProgram?.(kept.program, kept.server, signal).catch(() => undefined));
    const credential = told ?? findCredential(config, host, repository);
    if (credential !== undefined) return credential;
  }
  return undefined;
}
