import type { FactRequest } from '../facts/fact-request.ts';
import { type FactTable, Need } from '../facts/fact-table.ts';
import type { JsonObject } from '../kernel/json.ts';
import { diffJson } from '../kernel/json-patch.ts';
import type { CompiledPolicy, CompiledRule, Phase, RuleInput, RuleOutcome } from '../model/compiled-policy.ts';
import type { Decision, Effect, RuleResult, TraceStep } from '../model/decision.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { toResourceRef } from '../model/request.ts';

export interface EvaluateOptions {
  /** Records why rules matched, were skipped or failed. */
  readonly trace?: boolean;
}

/** Either the decision, or the facts to fetch before asking again. */
export type Evaluation =
  | { readonly decision: Decision; readonly needs?: undefined }
  | { readonly decision?: undefined; readonly needs: readonly FactRequest[] };

/**
 * Decides one policy for one request with the facts at hand. Pure and synchronous. A rule that lacks a fact does not
 * stop the others of its policy from noting theirs, unless they would see its patches.
 */
export function evaluate(
  policy: CompiledPolicy,
  request: EvaluationRequest,
  facts: FactTable,
  phase: Phase,
  options: EvaluateOptions = {},
): Evaluation {
  const decision = evaluatePolicy(policy, request, { facts, phase, trace: options.trace === true });
  if (decision) {
    facts.takeNeeds();
    return { decision };
  }
  return { needs: facts.takeNeeds() };
}

export interface PolicyEvaluation {
  readonly facts: FactTable;
  readonly phase: Phase;
  readonly trace: boolean;
  /** No more facts will come: a rule that lacks one ends in an error result with this text and reason. */
  readonly closing?: { readonly message: string; readonly reason: string };
}

/** `undefined`: facts are missing, and noted in the table. */
export function evaluatePolicy(
  policy: CompiledPolicy,
  request: EvaluationRequest,
  evaluation: PolicyEvaluation,
): Decision | undefined {
  const { facts, phase, closing } = evaluation;
  const original = subjectOf(request);
  if (original === undefined) return toDecision(policy, request, phase, original, original, NOTHING, undefined);
  const steps: TraceStep[] | undefined = evaluation.trace ? [] : undefined;
  const trace = steps && ((step: TraceStep) => void steps.push(step));
  let results = NOTHING.results;
  let effects = NOTHING.effects;
  let input: RuleInput = { request, resource: original, phase, facts, trace };
  let complete = true;
  // An explanation also tells why rules about other kinds do not match.
  for (const rule of trace ? policy.rules : (policy.rulesFor?.(phase, request.kind.kind) ?? policy.rules)) {
    if (!rule.phases.has(phase)) continue;
    const outcome = evaluateRule(rule, input, closing);
    if (outcome === undefined) {
      complete = false;
      // What later rules would ask depends on this one: on its patches, or on whether they run at all.
      if (phase === 'mutate' || policy.applyRules === 'One') return undefined;
      continue;
    }
    results = join(results, outcome.results);
    effects = join(effects, outcome.effects);
    if (outcome.resource) input = { ...input, resource: outcome.resource };
    if (policy.applyRules === 'One' && outcome.results.some(isApplied)) break;
  }
  if (!complete) return undefined;
  return toDecision(policy, request, phase, original, input.resource, { results, effects }, steps);
}

/** Both lists; most policies have one rule for a kind, and then nothing is copied. */
function join<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  if (after.length === 0) return before;
  return before.length === 0 ? after : [...before, ...after];
}

const NOTHING: RuleOutcome = Object.freeze({ results: [], effects: [] });

/** The object a request is about: the new one, or the old one when there is no new (DELETE). */
function subjectOf(request: EvaluationRequest): JsonObject | undefined {
  return request.resource ?? request.oldResource;
}

/** Only pass and fail count for `applyRules: One` (kyverno-core §2.1). */
function isApplied(result: RuleResult): boolean {
  return result.status === 'pass' || result.status === 'fail';
}

function evaluateRule(
  rule: CompiledRule,
  input: RuleInput,
  closing: PolicyEvaluation['closing'],
): RuleOutcome | undefined {
  try {
    return rule.evaluate(input);
  } catch (error) {
    if (!(error instanceof Need)) throw error;
    if (!closing) return undefined;
    return {
      results: [
        {
          rule: rule.name,
          type: rule.type,
          status: 'error',
          message: `failed to evaluate rule ${rule.name}: ${closing.message} (${error.request.kind})`,
          action: rule.action(input.request),
          reason: closing.reason,
          emitWarning: true,
        },
      ],
      effects: [],
    };
  }
}

function toDecision(
  policy: CompiledPolicy,
  request: EvaluationRequest,
  phase: Phase,
  original: JsonObject | undefined,
  resource: JsonObject | undefined,
  { results, effects }: RuleOutcome,
  trace: readonly TraceStep[] | undefined,
): Decision {
  const decision: Decision = {
    policy: policy.ref,
    phase,
    standing: policy.standing(request, phase),
    resource: toResourceRef(request),
    failurePolicy: policy.failurePolicy,
    results,
    effects,
  };
  const patched = resource === original ? undefined : resource;
  if (trace === undefined && patched === undefined) return decision;
  return {
    ...decision,
    ...(patched ? { patched, effects: [...effects, ...mutationPatch(phase, original, patched)] } : {}),
    ...(trace ? { trace } : {}),
  };
}

/** What a policy's mutations come to, as one patch (kyverno-core §2.11). Image rules write their own, to the letter. */
function mutationPatch(phase: Phase, original: JsonObject | undefined, patched: JsonObject): readonly Effect[] {
  if (phase !== 'mutate' || original === undefined) return [];
  const operations = diffJson(original, patched);
  return operations.length > 0 ? [{ kind: 'patch', operations }] : [];
}
