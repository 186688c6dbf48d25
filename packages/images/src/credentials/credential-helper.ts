import type { Answer, Exchange } from '../registry/connections.ts';
import type { Credential } from '../registry/docker-config.ts';
import type { Environment } from '../registry/environment.ts';

/** How the registries of one provider are logged in to, without a secret in the cluster. */
export interface CredentialHelper {
  /** As `imageRegistryCredentials.providers` has it. */
  readonly name: string;
  /** Whether the registry is the provider's. Nothing else is ever given its credentials. */
  matches(host: string): boolean;
  /** Undefined: this process has no identity with the provider. Rejects with `RegistryFailure`. */
  login(host: string, context: HelperContext): Promise<Login | undefined>;
}

export interface Login {
  readonly credential: Credential;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What helpers may use. */
export interface HelperContext {
  readonly environment: Environment;
  /** Milliseconds since 1970. */
  now(): number;
  send(request: HelperRequest): Promise<Answer>;
  /** The text of a file that the environment names, at most 64 KiB, trimmed. */
  readFile(path: string): Promise<string>;
}

export type HelperRequest = Pick<Exchange, 'method' | 'headers'> & {
  readonly url: string;
  readonly body?: string;
  /** The metadata service of this provider, the only one this request may reach. */
  readonly metadataHost?: string;
};
