import { createRequire } from 'node:module';
import { LRUCache } from 'lru-cache';
import type { Connections } from '../registry/connections.ts';
import type { Environment } from '../registry/environment.ts';
import { untilAborted } from '../registry/until-aborted.ts';
import { Refusal } from '../trust/refusal.ts';
import { awsKeys, azureKeys, googleKeys } from './cloud-keys.ts';
import type { KeyProvider } from './key-provider.ts';
import { vaultKeys } from './vault-keys.ts';

/** Where keys may be. A new keeper is a file and a word here; `k8s://` is the shell's (`SecretKeySource`). */
const providers: readonly KeyProvider[] = [vaultKeys, awsKeys, googleKeys, azureKeys];

/** Resolves references such as `hashivault://key` to public keys. */
export interface KeyReferences {
  /** PEM. Throws `Refusal` (`invalid-attestor`) or `RegistryFailure`, as providers do. */
  publicKey(scheme: string, name: string, signal: AbortSignal): Promise<string>;
}

export interface KeyReferenceOptions {
  readonly environment: Environment;
  readonly connections: Connections;
  readonly userAgent: string;
  readonly load?: (name: string) => Promise<unknown>;
  /** Milliseconds a key is used before its keeper is asked again: a rotated key counts then. */
  readonly ttlMs?: number;
}

const defaultTtlMs = 300_000;
/** A question is one for all who wait for its answer: none of them ends it for the others. */
const questionMs = 15_000;

/** Bundlers leave this alone; an import from a program that is started from a cache of its code would be warned of. */
async function loadPackage(name: string): Promise<unknown> {
  return createRequire(import.meta.url)(name);
}

/** Keys are kept for a while and asked for once by all who ask at the same time; failures are not kept. */
export function createKeyReferences(options: KeyReferenceOptions): KeyReferences {
  const { environment, connections, userAgent, ttlMs = defaultTtlMs } = options;
  const load = options.load ?? loadPackage;
  const kept = new LRUCache<string, string>({ max: 200, ttl: ttlMs });
  const running = new Map<string, Promise<string>>();
  return {
    async publicKey(scheme, name, signal) {
      const provider = providers.find((one) => one.scheme === scheme);
      if (provider === undefined) throw new Refusal('invalid-attestor', `there are no keys of \`${scheme}://\``);
      const reference = `${scheme}://${name}`;
      const known = kept.get(reference);
      if (known !== undefined) return known;
      const asked =
        running.get(reference) ??
        provider.publicKey(name, {
          ...{ environment, connections, userAgent, load },
          signal: AbortSignal.timeout(questionMs),
        });
      running.set(reference, asked);
      const forget = (): void => {
        running.delete(reference);
      };
      asked.then(forget, forget);
      const pem = await untilAborted(asked, `the question for a key of \`${scheme}://\``, signal);
      kept.set(reference, pem);
      return pem;
    },
  };
}
