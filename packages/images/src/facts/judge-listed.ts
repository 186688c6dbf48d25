import type { Attestor, EvidenceFailure } from '@vouchsafe/engine/facts';
import { createKeyReferences, type KeyReferences } from '../keys/key-references.ts';
import type { SecretKeySource } from '../keys/secret-key-source.ts';
import { createConnections } from '../registry/connections.ts';
import type { RegistryLimits } from '../registry/limits.ts';
import { readProxyRules } from '../registry/proxy-rules.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';
import { judgeWithEd25519ph } from '../trust/ed25519ph.ts';
import { Refusal } from '../trust/refusal.ts';
import type { ResolvedAttestor } from '../trust/resolved-attestor.ts';
import type { TrustRoot } from '../trust/trust-root.ts';
import { createPauses } from '../verifiers/create-pauses.ts';
import type { EvidenceSet } from '../verifiers/verifier.ts';
import type { ImageSourceOptions } from './image-source.ts';
import { resolveAttestor } from './resolve-attestor.ts';

export interface ListedJudge {
  /**
   * What an attestor says of each piece, in their order: why it refuses it, or nothing. Never rejects: what cannot be asked now
   * is why every piece is refused.
   */
  judge(set: EvidenceSet, attestor: Attestor): Promise<readonly (EvidenceFailure | undefined)[]>;
  close(): Promise<void>;
}

export interface ListedJudgeOptions extends Pick<ImageSourceOptions, 'environment' | 'userAgent' | 'now'> {
  readonly trustRoot: TrustRoot;
  readonly secretKeys?: SecretKeySource;
  readonly limits: RegistryLimits;
}

/** Judges each piece by itself: one that is good says nothing of the one beside it. */
export function createListedJudge(options: ListedJudgeOptions): ListedJudge {
  const { trustRoot, secretKeys, limits, userAgent, environment = process.env, now = Date.now } = options;
  const proxy = readProxyRules(environment);
  const connections = createConnections({ connections: 4, timeoutMs: limits.exchangeMs, proxy });
  const keyReferences: KeyReferences = createKeyReferences({ environment, connections, userAgent });
  const known = new Map<EvidenceSet, Map<string, ReturnType<ListedJudge['judge']>>>();

  async function judgeAll(set: EvidenceSet, attestor: Attestor): ReturnType<ListedJudge['judge']> {
    const signal = (): AbortSignal => AbortSignal.timeout(limits.totalMs);
    const context = { trustRoot, secretKeys, keyReferences, annotations: {}, signal };
    try {
      const resolved = await resolveAttestor(attestor, context);
      return await judgeWithEd25519ph(() => judgePieces(set, resolved, now()));
    } catch (error) {
      const failure = failureOf(error);
      return Array.from({ length: set.count }, () => failure);
    }
  }

  return {
    judge(set, attestor) {
      const ofSet = known.get(set) ?? new Map<string, ReturnType<ListedJudge['judge']>>();
      known.set(set, ofSet);
      const key = JSON.stringify(attestor);
      const judged = ofSet.get(key) ?? judgeAll(set, attestor);
      ofSet.set(key, judged);
      return judged;
    },
    close: () => connections.close(),
  };
}

async function judgePieces(set: EvidenceSet, attestor: ResolvedAttestor, now: number) {
  const verdicts: (EvidenceFailure | undefined)[] = [];
  const pause = createPauses();
  for (const piece of set.judge(attestor, now)) {
    await pause();
    verdicts.push(piece.ok ? undefined : piece.failure);
  }
  return verdicts;
}

function failureOf(error: unknown): EvidenceFailure {
  if (error instanceof Refusal) return error.failure;
  if (error instanceof RegistryFailure) return { reason: 'registry-unreachable', message: error.message };
  throw error;
}
