import type { Attestor } from '@vouchsafe/engine/facts';
import { judgeWithEd25519ph } from '../trust/ed25519ph.ts';
import { Refusal } from '../trust/refusal.ts';
import type { TrustRoot } from '../trust/trust-root.ts';
import { type ArtifactVerdict, judgeArtifactBundle } from '../verifiers/sigstore-bundle/artifact-bundle.ts';
import { resolveAttestor } from './resolve-attestor.ts';

/**
 * Verifies a file by a Sigstore bundle, without any network. The attestor is one of a policy: keys, certificates or
 * keyless. `now` (milliseconds) defaults to the system's time and only matters where no log is asked for.
 */
export async function verifyArtifact(
  bundleText: string | Uint8Array,
  artifact: Uint8Array,
  attestor: Attestor,
  options: { readonly trustRoot: TrustRoot; readonly now?: number },
): Promise<ArtifactVerdict> {
  const { trustRoot, now = Date.now() } = options;
  try {
    const signal = () => new AbortController().signal;
    const resolved = await resolveAttestor(attestor, {
      trustRoot,
      secretKeys: undefined,
      keyReferences: undefined,
      annotations: {},
      signal,
    });
    return await judgeWithEd25519ph(() => judgeArtifactBundle(bundleText, artifact, resolved, now));
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, failure: error.failure };
    throw error;
  }
}
