import { type CompiledPolicy, decide, type EvaluationRequest, type RuleResult } from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { isInCel } from './keeper.ts';

/** What a rule asks for because of a trigger; undefined when it cannot be evaluated, or leaves things as they are. */
export async function askedBy(
  policy: CompiledPolicy,
  request: EvaluationRequest,
  rule: string,
  { facts, signal }: { readonly facts: FactSource; readonly signal: AbortSignal },
): Promise<readonly JsonObject[] | undefined> {
  const [decision] = await decide([policy], request, facts, { phase: 'generate', signal });
  const isOpen = ({ rule: of, status }: RuleResult): boolean =>
    // An exception for a policy in CEL, whose results name it, undoes nothing.
    isInCel(policy.ref) ? status === 'error' || status === 'skip' : of === rule && status === 'error';
  if (decision?.results.some(isOpen)) return undefined;
  return (decision?.effects ?? []).flatMap((effect) =>
    effect.kind === 'create' && effect.rule === rule ? [effect.resource] : [],
  );
}
