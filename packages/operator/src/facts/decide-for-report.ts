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
  const verifying = policies.filter(verifiesImages);
  const judging = policies.filter((policy) => !verifiesImages(policy) || judgesMore(policy));
  const validated = judging.length > 0 ? await decide(judging, request, source, { phase: 'validate', ...options }) : [];
  if (verifying.length === 0) return validated;
  const verified = await Promise.all(
    verifying.map((policy) => decide([policy], request, source, { phase: 'verify-images', ...options })),
  );
  const others = new Map(validated.map((decision) => [policyId(decision.policy), decision]));
  const images = new Map(verified.flat().map((decision) => [policyId(decision.policy), decision]));
  return policies.flatMap((policy) => {
    const [other, image] = [others.get(policyId(policy.ref)), images.get(policyId(policy.ref))];
    if (!image) return other ?? [];
    const { patched: _, ...decision } = image;
    const standing = policy.standing(request, 'validate');
    const kept = other?.results.filter(({ type }) => type !== 'ImageVerify') ?? [];
    return {
      ...(other ?? { ...decision, phase: 'validate', standing, effects: [] }),
      results: [...kept, ...image.results],
    };
  });
}

/** Some rule of it is about more than images; what others find in the validate phase would be replaced. */
function judgesMore({ rules }: CompiledPolicy): boolean {
  return rules.some(({ type, phases }) => type !== 'ImageVerify' && phases.has('validate'));
}
