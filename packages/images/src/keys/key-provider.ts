import type { Connections } from '../registry/connections.ts';
import type { Environment } from '../registry/environment.ts';

/** Where public keys are kept outside of policies, by the scheme of their references. */
export interface KeyProvider {
  /** `hashivault` of `hashivault://key`. */
  readonly scheme: string;
  /**
   * The public key, PEM. `name` is what follows `://`. Throws `Refusal` (`invalid-attestor`) when the reference or the
   * configuration is unusable or there is no such key, and `RegistryFailure` when the keeper cannot be asked now.
   */
  publicKey(name: string, context: KeyContext): Promise<string>;
}

/** What providers may use. */
export interface KeyContext {
  readonly environment: Environment;
  readonly connections: Connections;
  readonly userAgent: string;
  /** Loads an optional package by name; rejects as `require` throws. */
  readonly load: (name: string) => Promise<unknown>;
  readonly signal: AbortSignal;
}
