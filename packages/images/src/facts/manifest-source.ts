import type { FactSource } from '@vouchsafe/engine/facts';
import type { SecretKeySource } from '../keys/secret-key-source.ts';
import type { TrustRoot } from '../trust/trust-root.ts';
import { factOfFailure } from './failed-fact.ts';
import { readSignedMessage, verifyManifest } from './verify-manifest.ts';

export interface ManifestSourceOptions {
  readonly trustRoot: TrustRoot;
  /** Keys in Secrets; without it entries that name one are refused. */
  readonly secretKeys?: SecretKeySource;
  /** The present time in milliseconds; the system's when absent. */
  readonly now?: () => number;
}

/** Milliseconds a question for a key may take. */
const KEY_MS = 10_000;

/** The source of facts about signed manifests alone: needs no registry and, for keys in the policy, no network. */
export function createManifestSource({ trustRoot, secretKeys, now = Date.now }: ManifestSourceOptions): FactSource {
  const context = {
    trustRoot,
    secretKeys,
    keyReferences: undefined,
    signal: () => AbortSignal.timeout(KEY_MS),
  };
  return {
    kinds: new Set(['signed-message', 'manifest-verification'] as const),
    fetch: (requests) =>
      Promise.all(
        requests.map(async (request) => {
          try {
            switch (request.kind) {
              case 'signed-message':
                return { ok: true, value: readSignedMessage(request) };
              case 'manifest-verification':
                return { ok: true, value: await verifyManifest(request, context, now()) };
              default:
                return { ok: false, class: 'unavailable', message: `\`${request.kind}\` is not about manifests` };
            }
          } catch (error) {
            return factOfFailure(error, 'the manifest could not be judged');
          }
        }),
      ),
  };
}
