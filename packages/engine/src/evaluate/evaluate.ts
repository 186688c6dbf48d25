import type { FactRequest } from '../facts/fact-request.ts';
import { type FactTable, Need, orNeed } from '../facts/fact-table.ts';
import type { JsonObject } from '../kernel/json.ts';
import { diffJson } from '../kernel/json-patch.ts';
import { type BypassJudge, type BypassOutcome, SKIP_ANNOTATION } from '../model/bypass.ts';
import type {
  CompiledPolicy,
  CompiledRule,
  PassTest,
  Phase,
  RuleInput,
  RuleOutcome,
} from '../model/compiled-policy.ts';
import type { Decision, Effect, ResourceRef, RuleResult, TraceStep } from '../model/decision.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { toResourceRef, toShape } from '../model/request.ts';
import { settleImages } from './settle-images.ts';

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
  const evaluation: PolicyEvaluation = { facts, phase, trace: options.trace === true };
  const decision = evaluatePolicy(policy, toSubject(request, evaluation), evaluation);
  if (decision) {
    facts.takeNeeds();
    // What it requires of images nobody else is here to meet.
    return { decision: settleImages([decision])[0] ?? decision };
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

/** A request, and what all policies want to know of it: told once. */
export interface Subject {
  readonly request: EvaluationRequest;
  readonly ref: ResourceRef;
  readonly shape: string;
  /** Absent when there is no object to judge. */
  readonly input: RuleInput | undefined;
}

export function toSubject(request: EvaluationRequest, { facts, phase }: PolicyEvaluation): Subject {
  // The object a request is about: the new one, or the old one when there is no new (DELETE).
  const resource = request.resource ?? request.oldResource;
  return {
    request,
    ref: toResourceRef(request),
    shape: toShape(request, phase),
    input: resource && {
      request,
      resource,
      phase,
      facts,
      trace: undefined,
      known: { variable: undefined, images: undefined },
    },
  };
}

/** `undefined`: facts are missing, and noted in the table. `joint`: tests of its rules, prepared for the request. */
export function evaluatePolicy(
  policy: CompiledPolicy,
  subject: Subject,
  evaluation: PolicyEvaluation,
  joint?: readonly PassTest[],
): Decision | undefined {
  const { request } = subject;
  const { phase, closing } = evaluation;
  let { input } = subject;
  if (input === undefined) return toDecision(policy, subject, phase, undefined, NOTHING.results, NOTHING.effects);
  if (policy.inScope?.(request) === false) return unmet(policy, subject, evaluation, OUT_OF_SCOPE);
  if (policy.matchConditions?.hold(request) === false) return unmet(policy, subject, evaluation, UNMET);
  const bypass = request.bypass ? judgeBypass(request.bypass, policy, input, evaluation) : undefined;
  if (bypass instanceof Need) return undefined;
  if (bypass?.granted) input = { ...input, bypassed: bypass.message };
  const short = input.bypassed === undefined;
  if (joint && short) {
    const passed = passAll(joint, input, policy.applyRules);
    if (passed) return toDecision(policy, subject, phase, input.resource, passed, NOTHING.effects);
  }
  const shaped = evaluation.trace ? undefined : policy.rulesFor?.(request, phase, subject.shape);
  if (shaped?.passes && !joint && short) {
    const passed = passAll(shaped.passes, input, policy.applyRules);
    if (passed) return toDecision(policy, subject, phase, input.resource, passed, NOTHING.effects);
  }
  const steps: TraceStep[] | undefined = evaluation.trace ? [] : undefined;
  let results = NOTHING.results;
  let effects = NOTHING.effects;
  if (steps) input = traced(input, steps);
  let complete = true;
  // An explanation also tells why rules about other kinds do not match.
  for (const rule of shaped?.rules ?? policy.rules) {
    if (!rule.phases.has(phase)) continue;
    const evaluated = evaluateRule(rule, input, closing);
    const outcome: RuleOutcome | undefined =
      evaluated && input.bypassed !== undefined ? skipped(evaluated, input.bypassed) : evaluated;
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
  const decision = toDecision(policy, subject, phase, input.resource, results, effects, steps);
  return bypass && results.length > 0 ? withBypass(decision, bypass) : decision;
}

/** The judge's word, or the need it raised. When no more facts will come, what it could not find out is refused. */
function judgeBypass(
  judge: BypassJudge,
  { ref }: CompiledPolicy,
  { request, facts }: RuleInput,
  { closing }: PolicyEvaluation,
): BypassOutcome | Need | undefined {
  const outcome = orNeed(() => judge(ref, request, facts));
  if (outcome instanceof Need && closing) return { granted: false, reason: closing.message };
  return outcome;
}

/** Whatever a rule answers, one of a policy that is bypassed blocks nothing and changes nothing. */
function skipped({ results }: RuleOutcome, message: string): RuleOutcome {
  const skips = results.map(
    ({ rule, type, action }): RuleResult => ({ rule, type, action, status: 'skip', message, emitWarning: true }),
  );
  return { results: skips, effects: [] };
}

/** What could not be bypassed is decided as ever; when that is no pass, it also says why the bypass did not count. */
function withBypass(decision: Decision, bypass: BypassOutcome): Decision {
  if (bypass.granted) return { ...decision, bypass };
  const results = decision.results.map((result) =>
    result.status === 'fail' || result.status === 'error'
      ? { ...result, message: `${result.message}; \`${SKIP_ANNOTATION}\` does not count: ${bypass.reason}` }
      : result,
  );
  return { ...decision, results, bypass };
}

/** The decision when the policy as a whole is not about the request: nothing. */
function unmet(policy: CompiledPolicy, subject: Subject, { phase, trace }: PolicyEvaluation, detail: string): Decision {
  const steps = policy.rules
    .filter((rule) => rule.phases.has(phase))
    .map(({ name }): TraceStep => ({ rule: name, step: 'match', outcome: 'no', detail }));
  const { results, effects } = NOTHING;
  return toDecision(policy, subject, phase, subject.input?.resource, results, effects, trace ? steps : undefined);
}

const OUT_OF_SCOPE = 'the object is not in the namespace of the policy';
const UNMET = 'webhookConfiguration.matchConditions do not hold';

function traced(input: RuleInput, steps: TraceStep[]): RuleInput {
  return { ...input, trace: (step) => void steps.push(step) };
}

/** The decision when all rules of a policy pass; `undefined`: evaluate it. */
export type ShortDecision = (subject: Subject) => Decision | undefined;

/** For a policy without conditions of its own; `passes` are the tests of its rules. */
export function compileShortDecision(
  { ref: policy, failurePolicy, standing, applyRules, inScope, matchConditions }: CompiledPolicy,
  passes: readonly PassTest[],
): ShortDecision | undefined {
  if (matchConditions) return undefined;
  const { effects } = NOTHING;
  return ({ request, ref: resource, input }) => {
    if (input === undefined || request.bypass !== undefined || inScope?.(request) === false) return undefined;
    const results = passAll(passes, input, applyRules);
    if (results === undefined) return undefined;
    const { phase } = input;
    return { policy, phase, standing: standing(request, phase), resource, failurePolicy, results, effects };
  };
}

/** The results when every rule passes the short way. */
function passAll(
  passes: readonly PassTest[],
  input: RuleInput,
  applyRules: CompiledPolicy['applyRules'],
): RuleOutcome['results'] | undefined {
  // Most policies have one rule for a kind.
  if (passes.length === 1) return passes[0]?.(input)?.results;
  let results = NOTHING.results;
  for (let index = 0; index < passes.length; index += 1) {
    const outcome = passes[index]?.(input);
    if (outcome === undefined) return undefined;
    results = join(results, outcome.results);
    if (applyRules === 'One') break;
  }
  return results;
}

/** Both lists; most policies have one rule for a kind, and then nothing is copied. */
function join<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  if (after.length === 0) return before;
  return before.length === 0 ? after : [...before, ...after];
}

const NOTHING: RuleOutcome = Object.freeze({ results: [], effects: [] });

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
    if (isTooDeep(error)) return failed(rule, input, TOO_DEEP, 'too-deep');
    if (!(error instanceof Need)) throw error;
    if (!closing) return undefined;
    return failed(rule, input, `${closing.message} (${error.request.kind})`, closing.reason);
  }
}

function failed(rule: CompiledRule, { request }: RuleInput, why: string, reason: string): RuleOutcome {
  return {
    results: [
      {
        rule: rule.name,
        type: rule.type,
        status: 'error',
        message: `failed to evaluate rule ${rule.name}: ${why}`,
        action: rule.action(request),
        reason,
        emitWarning: true,
      },
    ],
    effects: [],
  };
}

const TOO_DEEP = 'the object is nested too deeply';

/**
 * The stack is full: no bug, but an object that is deeper than any of Kubernetes. Asking for the depth of every object first
 * would cost more than all rules together.
 */
function isTooDeep(error: unknown): boolean {
  // V8 and JavaScriptCore, then SpiderMonkey.
  return (
    error instanceof Error && (error.message.includes('call stack size') || error.message === 'too much recursion')
  );
}

function toDecision(
  policy: CompiledPolicy,
  { request, ref, input }: Subject,
  phase: Phase,
  resource: JsonObject | undefined,
  results: RuleOutcome['results'],
  effects: RuleOutcome['effects'],
  trace?: readonly TraceStep[],
): Decision {
  const decision: Decision = {
    policy: policy.ref,
    phase,
    standing: policy.standing(request, phase),
    resource: ref,
    failurePolicy: policy.failurePolicy,
    results,
    effects,
  };
  const original = input?.resource;
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
