import { type CompiledPolicy, type Decision, decide, type EvaluationRequest, policyId } from '@vouchsafe/engine';
import type { FactSource, FactTable } from '@vouchsafe/engine/facts';

export interface DecideForReportOptions {
  readonly signal?: AbortSignal;
  readonly trace?: boolean;
  readonly facts?: FactTable;
}

/** Some rule of the policy verifies images, and tells most about it in a phase of its own. Policies in CEL have none. */
export function verifiesImages({ needs, ref }: CompiledPolicy): boolean {
  const isAsking = needs.has('image-verification') || needs.has('image-digest');
  return isAsking && ref.apiVersion.startsWith('kyverno.io/');
}

/**
 * What reports tell about a resource (kyverno-core §1.8.3): the results of the validate phase, but those about images as
 * the verify-images phase gives them, which say who signed or what was wrong. Nothing is patched.
 */
export async function decideForReport(
  policies: readonly CompiledPolicy[],
  request: EvaluationRequest,
  source: FactSource,
  options: DecideForReportOptions = {},
): Promise<Decision[]> {
  const validated = await decide(policies, request, source, { phase: 'validate', ...options });
  const verifying = policies.filter(verifiesImages);
  if (verifying.length === 0) return validated;
  const verified = await Promise.all(
    verifying.map((policy) => decide([policy], request, source, { phase: 'verify-images', ...options })),
  );
  const byPolicy = new Map(verified.flat().map((decision) => [policyId(decision.policy), decision]));
  return validated.map((decision) => {
    const images = byPolicy.get(policyId(decision.policy));
    if (!images) return decision;
    const others = decision.results.filter(({ type }) => type !== 'ImageVerify');
    return { ...decision, results: [...others, ...images.results] };
  });
}
