import { type CompiledPolicy, type Decision, decide, type EvaluationRequest, type RuleResult } from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';

/** Policies in CEL and the API server's own are told of in scans when they mutate, too; rules are not (kyverno-cel §4.3). */
export function isMutationScanned({ background, ref }: CompiledPolicy): boolean {
  return background && !ref.apiVersion.startsWith('kyverno.io/');
}

/** Nothing that an admission decides comes into the reports: there is none, or the policy mutates. */
export function isScannedAlone(policy: CompiledPolicy): boolean {
  const mutates = isMutationScanned(policy) && policy.selectors.some(({ phases }) => phases.has('mutate'));
  return policy.background && (!policy.admission || mutates);
}

/**
 * What reports tell of existing objects that mutating policies match: an object that a policy would still change fails it.
 * Each policy sees the object as it is, and nothing is patched.
 */
export async function scanMutations(
  policies: readonly CompiledPolicy[],
  request: EvaluationRequest,
  source: FactSource,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Decision[]> {
  const decided = await Promise.all(
    policies.map((policy) => decide([policy], request, source, { phase: 'mutate', ...options })),
  );
  return decided.flat().map(toScanned);
}

function toScanned({ patched, effects: _effects, results, ...decision }: Decision): Decision {
  return {
    ...decision,
    phase: 'validate',
    standing: 'audit',
    results: results
      // That conditions do not hold is told of MutatingPolicies alone.
      .filter(({ rule, status }) => status !== 'skip' || rule !== '' || decision.policy.kind.endsWith('MutatingPolicy'))
      .map((result) => (patched && result.status === 'pass' ? toFailure(result) : result)),
    effects: [],
  };
}

function toFailure(result: RuleResult): RuleResult {
  return { ...result, status: 'fail', message: 'mutation is not applied' };
}
