import type { SourceRange } from '../kernel/diagnostics/diagnostic.ts';
import { EvaluationError } from '../kernel/evaluation-error.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { OperationTest } from '../lang/conditions/by-operation.ts';
import { type Conditions, HOLDS } from '../lang/conditions/compile-conditions.ts';
import type { ContextEntries } from '../lang/variables/compile-context.ts';
import type { Template } from '../lang/variables/compile-template.ts';
import type { Scope } from '../lang/variables/scope.ts';
import type { MatchPredicate } from '../match/match-resources.ts';
import type {
  CompiledRule,
  JointTest,
  PassTest,
  Phase,
  RuleInput,
  RuleOfShape,
  RuleOutcome,
} from '../model/compiled-policy.ts';
import type { Effect, RuleResult, TraceStep } from '../model/decision.ts';
import { addsVariables, type EvaluationRequest } from '../model/request.ts';
import type { JointBody, RuleBody, RuleBodyOutcome, RuleEvaluation } from '../rules/rule-kind.ts';
import { applyExceptions, type CompiledException, type Excepted, findExceptions } from './exceptions.ts';
import type { ActionResolver } from './failure-action.ts';

/** The parts of a rule, each compiled. */
export interface RuleParts {
  readonly name: string;
  readonly body: RuleBody;
  readonly action: ActionResolver;
  readonly match: MatchPredicate;
  /** The only kinds it can match; any when absent. */
  readonly kinds: ReadonlySet<string> | undefined;
  /** Whether the rule is looked at: autogen's rules exist kind by kind in validate. */
  readonly isFor: (phase: Phase, kind: string) => boolean;
  readonly createScope: (input: RuleInput) => Scope;
  readonly context: ContextEntries;
  readonly preconditions: Conditions | undefined;
  /** The preconditions, where they look at the operation alone. */
  readonly preconditionsOf: OperationTest | undefined;
  readonly exceptions: readonly CompiledException[];
  readonly isPodSecurity: boolean;
  readonly reportProperties:
    | { readonly written: Readonly<Record<string, string>>; readonly template: Template }
    | undefined;
  /** Mutate rules of policies that warn: whatever they do is told. */
  readonly warnsAlways: boolean;
  readonly source: SourceRange | undefined;
}

const ABSENT: RuleOutcome = Object.freeze({ results: [], effects: [] });

/**
 * One rule as it is evaluated (kyverno-core §2.1): match and exclude, whether it applies, context, preconditions,
 * exceptions, body. A rule that does not match is absent from the results. Throws only `Need`.
 */
export function createRule(parts: RuleParts): CompiledRule {
  const memory = new ConstantOutcomes(parts);
  return Object.freeze({
    name: parts.name,
    type: parts.body.type,
    phases: parts.body.phases,
    action: parts.action,
    ...(parts.kinds ? { kinds: parts.kinds } : {}),
    ...(parts.match.isOfShape ? { ofShape: ofShape(parts, memory) } : {}),
    evaluate: (input: RuleInput) => evaluateRule(parts, input, memory),
  });
}

function ofShape(parts: RuleParts, memory: ConstantOutcomes): RuleOfShape {
  return Object.freeze({
    matches: (request: EvaluationRequest, phase: Phase) =>
      parts.isFor(phase, request.kind.kind) && parts.match.matches(request, NO_RESOURCE),
    evaluate: (input: RuleInput) => evaluateMatched(parts, input, memory),
    ...(isConstant(parts) && mayBeUnconditional(parts) ? compilePasses(parts, memory) : {}),
  });
}

function compilePasses(parts: RuleParts, memory: ConstantOutcomes): Pick<RuleOfShape, 'passes' | 'joint'> {
  const { passes, joint } = parts.body;
  if (!passes) return {};
  const test: PassTest = (input) => {
    if (!isUnconditional(parts, input)) return undefined;
    const passed = passes(input);
    return passed && memory.conclude(input, undefined, passed);
  };
  return joint ? { passes: test, joint: () => toJointTest(parts, joint(), memory) } : { passes: test };
}

function toJointTest(parts: RuleParts, body: JointBody | undefined, memory: ConstantOutcomes): JointTest | undefined {
  return (
    body && {
      demands: body.demands,
      join: body.join,
      isConstant: parts.preconditions === undefined,
      passed: (demand, input) => {
        if (!isUnconditional(parts, input)) return undefined;
        const passed = body.passed(demand, input);
        return passed && memory.conclude(input, undefined, passed);
      },
    }
  );
}

/** Nothing but the body goes into its result. */
function isConstant({ reportProperties, action }: RuleParts): boolean {
  return reportProperties === undefined && action.constant !== undefined;
}

/** Nothing comes before the body but match and exclude, and conditions on the operation. */
function mayBeUnconditional({ preconditions, preconditionsOf, exceptions }: RuleParts): boolean {
  return (preconditions === undefined || preconditionsOf !== undefined) && exceptions.length === 0;
}

/** For a rule that may be so: no condition stands before the body of this request. */
function isUnconditional({ preconditions, preconditionsOf }: RuleParts, { request }: RuleInput): boolean {
  if (preconditions === undefined) return true;
  return preconditionsOf !== undefined && !addsVariables(request) && preconditionsOf(request.operation);
}

/** Never looked at by a match that is of a shape. */
const NO_RESOURCE: JsonObject = Object.freeze({});

/**
 * Most rules pass, and say so with the same words each time: a body that answers the very same object again gets the
 * very same result, without building it. Only where nothing else of the request goes into the result.
 */
class ConstantOutcomes {
  readonly #parts: RuleParts;
  #body: RuleBodyOutcome | undefined;
  #outcome: RuleOutcome | undefined;

  constructor(parts: RuleParts) {
    this.#parts = parts;
  }

  conclude(input: RuleInput, scope: Scope | undefined, body: BodyOutcomes): RuleOutcome {
    if (this.#outcome !== undefined && this.#body === body && !input.trace) return this.#outcome;
    if (isList(body) || input.trace || !isConstant(this.#parts)) {
      return conclude(this.#parts, input, scope, body);
    }
    const outcome = conclude(this.#parts, input, scope, body);
    if (outcome.resource === undefined && outcome.effects.length === 0) {
      this.#body = body;
      this.#outcome = Object.freeze(outcome);
    }
    return outcome;
  }
}

function evaluateRule(parts: RuleParts, input: RuleInput, memory: ConstantOutcomes): RuleOutcome {
  if (!parts.isFor(input.phase, input.request.kind.kind)) return ABSENT;
  if (input.trace) traceMatch(parts, input);
  if (!parts.match.matches(input.request, input.resource)) return ABSENT;
  return evaluateMatched(parts, input, memory);
}

function evaluateMatched(parts: RuleParts, input: RuleInput, memory: ConstantOutcomes): RuleOutcome {
  const { body } = parts;
  if (
    body.passes &&
    parts.reportProperties === undefined &&
    !input.trace &&
    input.bypassed === undefined &&
    mayBeUnconditional(parts) &&
    isUnconditional(parts, input)
  ) {
    const passed = body.passes(input);
    if (passed) return memory.conclude(input, undefined, passed);
  }
  const applies = body.applies ? body.applies(input) : true;
  if (applies === false) return ABSENT;
  if (input.bypassed !== undefined) {
    return conclude(parts, input, undefined, { status: 'skip', message: input.bypassed, emitWarning: true });
  }
  if (applies !== true) return conclude(parts, input, undefined, applies);
  const root = parts.createScope(input);
  const scope = parts.context ? parts.context.attach(root, input.facts) : root;
  const unmet = parts.preconditions ? checkPreconditions(parts, parts.preconditions, input, scope) : undefined;
  if (unmet) return conclude(parts, input, scope, unmet);
  const excepted = parts.exceptions.length > 0 ? except(parts, input, scope) : undefined;
  if (excepted?.skip !== undefined) {
    return conclude(parts, input, scope, { status: 'skip', message: excepted.skip, exceptions: excepted.keys });
  }
  const outcome = body.evaluate(toEvaluation(parts, input, scope, excepted));
  return outcome === undefined ? ABSENT : memory.conclude(input, scope, outcome);
}

/** What the body is given. Members that few requests need are only made for those. */
function toEvaluation(
  parts: RuleParts,
  input: RuleInput,
  scope: Scope,
  excepted: Excepted | undefined,
): RuleEvaluation {
  const action = parts.action(input.request);
  if (!excepted && input.request.oldResource === undefined) return { input, scope, action };
  return {
    input,
    scope,
    action,
    matchesOldObject: () => matchesOldObject(parts, input),
    ...(excepted ? { podSecurityExceptions: excepted.podSecurity } : {}),
  };
}

function except(parts: RuleParts, input: RuleInput, scope: Scope): Excepted | undefined {
  const found = findExceptions(parts.exceptions, input, scope);
  if (found.length === 0) return undefined;
  const excepted = applyExceptions(found, parts.isPodSecurity);
  if (input.trace) {
    step(input, parts, { step: 'exception', outcome: 'yes', detail: `excepted by ${excepted.keys.join(', ')}` });
  }
  return excepted;
}

function checkPreconditions(
  parts: RuleParts,
  preconditions: Conditions,
  input: RuleInput,
  scope: Scope,
): RuleBodyOutcome | undefined {
  const outcome = preconditions.evaluate(scope);
  if (outcome === HOLDS && !input.trace) return undefined;
  if (outcome instanceof EvaluationError) {
    step(input, parts, { step: 'precondition', outcome: 'error', detail: outcome.message });
    return { status: 'error', message: `failed to evaluate preconditions: ${outcome.message}` };
  }
  const detail = outcome.messages.join('; ');
  step(input, parts, {
    step: 'precondition',
    outcome: outcome.value ? 'yes' : 'no',
    detail: detail || 'preconditions',
  });
  if (outcome.value) return undefined;
  return { status: 'skip', message: detail === '' ? 'preconditions not met' : `preconditions not met; ${detail}` };
}

/**
 * Whether the rule would have looked at the old object had it been created: for violations that were there before. Nothing
 * is created through a subresource, so a rule about one alone never would have.
 */
function matchesOldObject(parts: RuleParts, { request }: RuleInput): boolean {
  const { oldResource } = request;
  if (!oldResource) return false;
  return parts.match.matches(
    { ...request, operation: 'CREATE', subresource: '', resource: oldResource, oldResource: undefined },
    oldResource,
  );
}

type BodyOutcomes = RuleBodyOutcome | readonly RuleBodyOutcome[];

function conclude(parts: RuleParts, input: RuleInput, scope: Scope | undefined, body: BodyOutcomes): RuleOutcome {
  const outcomes = isList(body) ? body : [body];
  const results: RuleResult[] = [];
  let effects = NO_EFFECTS;
  let resource: JsonObject | undefined;
  for (const outcome of outcomes) {
    results.push(toResult(parts, input, scope, outcome));
    if (outcome.effects) effects = [...effects, ...outcome.effects.map((effect) => withRule(effect, parts.name))];
    resource = outcome.resource ?? resource;
    if (input.trace) step(input, parts, { step: 'result', outcome: toTraceOutcome(outcome), detail: outcome.message });
  }
  return resource === undefined ? { results, effects } : { results, effects, resource };
}

const NO_EFFECTS: readonly Effect[] = [];

function withRule(effect: Effect, rule: string): Effect {
  return effect.kind === 'create' || effect.kind === 'update' ? { ...effect, rule } : effect;
}

function isList(body: BodyOutcomes): body is readonly RuleBodyOutcome[] {
  return Array.isArray(body);
}

function toTraceOutcome({ status }: RuleBodyOutcome): TraceStep['outcome'] {
  if (status === 'pass') return 'yes';
  return status === 'error' ? 'error' : status === 'skip' ? 'info' : 'no';
}

type Mutable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] };

function toResult(parts: RuleParts, input: RuleInput, scope: Scope | undefined, outcome: RuleBodyOutcome): RuleResult {
  const { status, message } = outcome;
  const result: Mutable<RuleResult> = {
    rule: parts.name,
    type: parts.body.type,
    status,
    message,
    action: parts.action(input.request),
  };
  const properties = toProperties(parts, scope, outcome);
  if (outcome.path !== undefined) result.path = outcome.path;
  if (outcome.exceptions) result.exceptions = outcome.exceptions;
  if (properties) result.properties = properties;
  if (outcome.emitWarning ?? (isWorrying(status) || (parts.warnsAlways && status !== 'skip')))
    result.emitWarning = true;
  if (outcome.images) result.images = outcome.images;
  if (outcome.reason !== undefined) result.reason = outcome.reason;
  if (parts.source) result.source = parts.source;
  return result;
}

function isWorrying(status: RuleBodyOutcome['status']): boolean {
  return status === 'fail' || status === 'error' || status === 'warn';
}

/** The rule's properties with their variables, or as written when one cannot be told, and the body's own over them. */
function toProperties(
  { reportProperties }: RuleParts,
  scope: Scope | undefined,
  { properties }: RuleBodyOutcome,
): RuleResult['properties'] {
  if (!reportProperties) return properties;
  const { written, template } = reportProperties;
  const substituted = scope ? template.evaluate(scope) : written;
  const texts: Record<string, string> = { ...written };
  if (!(substituted instanceof EvaluationError)) {
    for (const [key, value] of Object.entries(substituted ?? {})) if (typeof value === 'string') texts[key] = value;
  }
  return { ...texts, ...properties };
}

function traceMatch(parts: RuleParts, input: RuleInput): void {
  const { matched, step: part, reasons } = parts.match.explain(input.request, input.resource);
  step(input, parts, { step: part, outcome: part === 'exclude' || matched ? 'yes' : 'no', detail: reasons.join('; ') });
}

function step(input: RuleInput, { name }: RuleParts, rest: Omit<TraceStep, 'rule'>): void {
  input.trace?.({ rule: name, ...rest });
}
