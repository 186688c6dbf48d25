import {
  type CompiledPolicy,
  type Decision,
  decide,
  decideAtOnce,
  type EvaluationRequest,
  type Phase,
  policyId,
} from '@vouchsafe/engine';
import { type FactSource, FactTable } from '@vouchsafe/engine/facts';

export interface DecideForReportOptions {
  /** Ends the wait for facts; made when first needed, as most wait for none. */
  readonly signal?: () => AbortSignal;
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
 * the verify-images phase gives them, which say who signed or what was wrong. Nothing is patched. At once when all facts are
 * at hand.
 */
export function decideForReport(
  policies: readonly CompiledPolicy[],
  request: EvaluationRequest,
  source: FactSource,
  { signal, trace = false, facts = new FactTable(source) }: DecideForReportOptions = {},
): Decision[] | Promise<Decision[]> {
  const verifying = policies.filter(verifiesImages);
  const judging = policies.filter((policy) => !verifiesImages(policy) || judgesMore(policy));
  const settings = { trace, facts };
  const ask = (asked: readonly CompiledPolicy[], phase: Phase) =>
    decideAtOnce(asked, request, { ...settings, phase }) ??
    decide(asked, request, source, { ...settings, phase, ...(signal ? { signal: signal() } : {}) });
  const validated = judging.length > 0 ? ask(judging, 'validate') : [];
  if (verifying.length === 0) return validated;
  const verified = verifying.map((policy) => ask([policy], 'verify-images'));
  if (areDecided(validated) && verified.every(areDecided)) return join(policies, request, validated, verified.flat());
  return Promise.all([validated, ...verified]).then(([judged = [], ...found]) =>
    join(policies, request, judged, found.flat()),
  );
}

function areDecided(decisions: Decision[] | Promise<Decision[]>): decisions is Decision[] {
  return Array.isArray(decisions);
}

/** One decision a policy: what it says of images out of the one phase, the rest out of the other. */
function join(
  policies: readonly CompiledPolicy[],
  request: EvaluationRequest,
  validated: readonly Decision[],
  verified: readonly Decision[],
): Decision[] {
  const others = new Map(validated.map((decision) => [policyId(decision.policy), decision]));
  const images = new Map(verified.map((decision) => [policyId(decision.policy), decision]));
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
