import { type Json, type JsonObject, member } from '../kernel/json.ts';
import type { AdmissionPolicyBinding } from '../model/cel-policy.ts';
import type { RuleInput } from '../model/compiled-policy.ts';
import { type ConstraintMatcher, compileConstraints } from './match-constraints.ts';
import { compileParams } from './policy-params.ts';

/** A binding, compiled. */
export interface CompiledBinding {
  readonly name: string;
  readonly matches: ConstraintMatcher['matches'];
  /** The values of `params` to judge with, one after another; a text when they cannot be told. May throw `Need`. */
  readonly params: (input: RuleInput, namespace: string) => readonly Json[] | string;
}

const WITHOUT_PARAMS: readonly Json[] = [null];

/** A policy without bindings is judged as if one bound it everywhere, without parameters (kyverno-cel §6.3). */
export function compileBindings(
  bindings: readonly AdmissionPolicyBinding[],
  paramKind: JsonObject | undefined,
): readonly CompiledBinding[] {
  if (bindings.length === 0) return [{ name: '', matches: () => true, params: () => WITHOUT_PARAMS }];
  return bindings.map((binding) => ({
    name: binding.name,
    matches: binding.matchResources ? compileConstraints(binding.matchResources).matches : () => true,
    params: compileBindingParams(binding, paramKind),
  }));
}

function compileBindingParams(
  { paramRef }: AdmissionPolicyBinding,
  paramKind: JsonObject | undefined,
): CompiledBinding['params'] {
  if (!paramKind || !paramRef) return () => WITHOUT_PARAMS;
  const lookUp = compileParams(paramKind, paramRef);
  const isSelecting = member(paramRef, 'selector') !== undefined;
  return (input, namespace) => {
    const found = lookUp(namespace, input.facts);
    if (typeof found === 'string') return found;
    if (found.length === 0) return WITHOUT_PARAMS;
    // Without a cluster upstream hands over all that a selector selects as one list.
    return isSelecting && input.request.standIns !== undefined ? [{ items: found }] : found;
  };
}
