import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { compileTemplate, type TemplateTools } from '../variables/compile-template.ts';
import type { Scope } from '../variables/scope.ts';
import { findOperator } from './operators/list.ts';
import type { KeyTest } from './operators/operator.ts';

export interface ConditionsOutcome {
  readonly value: boolean;
  /** The `message` texts of the conditions that decided: the true ones when true, else the false ones. */
  readonly messages: readonly string[];
}

/** Compiled conditions. Frozen, shared by all requests. */
export interface Conditions {
  /** Throws only `Need`. */
  readonly evaluate: (scope: Scope) => ConditionsOutcome | EvaluationError;
}

type Run = Conditions['evaluate'];

/** Conditions without messages answer one of these two. */
export const HOLDS: ConditionsOutcome = Object.freeze({ value: true, messages: [] });
const HOLDS_NOT: ConditionsOutcome = Object.freeze({ value: false, messages: [] });

/**
 * Compiles `{any, all}`, a list of such blocks (all must hold), or the legacy list of conditions (kyverno-core §2.8).
 * Absent conditions hold.
 */
export function compileConditions(conditions: Json | undefined, tools: TemplateTools): Conditions {
  return Object.freeze({ evaluate: compileBlocks(conditions ?? null, tools) });
}

function compileBlocks(conditions: Json, tools: TemplateTools): Run {
  if (conditions === null) return () => HOLDS;
  if (isJsonObject(conditions)) return compileBlock(conditions, tools);
  if (!isJsonArray(conditions)) return () => new EvaluationError('invalid condition');
  const runs = conditions.map((entry) => {
    if (!isJsonObject(entry)) return () => new EvaluationError('invalid condition');
    return isBlock(entry) ? compileBlock(entry, tools) : compileCondition(entry, tools);
  });
  return (scope) => evaluateEach(runs, scope);
}

function isBlock(entry: JsonObject): boolean {
  return Object.hasOwn(entry, 'any') || Object.hasOwn(entry, 'all');
}

/** The first that does not hold decides; upstream joins the messages of such lists without a blank. */
function evaluateEach(runs: readonly Run[], scope: Scope): ConditionsOutcome | EvaluationError {
  const messages: string[] = [];
  for (const run of runs) {
    const outcome = run(scope);
    if (outcome === HOLDS) continue;
    if (outcome instanceof EvaluationError || !outcome.value) return outcome;
    messages.push(outcome.messages.join('; '));
  }
  if (messages.length === 0) return HOLDS;
  const joined = messages.filter((message) => message !== '').join(';');
  return joined === '' ? HOLDS : { value: true, messages: [joined] };
}

function compileBlock(block: JsonObject, tools: TemplateTools): Run {
  const anyConditions = readList(member(block, 'any'));
  const allConditions = readList(member(block, 'all'));
  if (anyConditions === 'invalid' || allConditions === 'invalid') return () => new EvaluationError('invalid condition');
  const anyRuns = anyConditions?.map((condition) => compileCondition(condition, tools));
  const allRuns = allConditions?.map((condition) => compileCondition(condition, tools)) ?? [];
  if ([...(anyConditions ?? []), ...(allConditions ?? [])].every((condition) => messagesOf(condition).length === 0)) {
    return (scope) => evaluateSilently(anyRuns, allRuns, scope);
  }
  return (scope) => {
    const holding: string[] = [];
    const failing: string[] = [];
    const some = anyRuns ? evaluateUntil(anyRuns, true, scope, holding, failing) : true;
    if (some instanceof EvaluationError) return some;
    const every = evaluateUntil(allRuns, false, scope, holding, failing);
    if (every instanceof EvaluationError) return every;
    const value = some && every;
    return { value, messages: value ? holding : failing };
  };
}

/** Without messages there is nothing to gather. */
function evaluateSilently(
  anyRuns: readonly Run[] | undefined,
  allRuns: readonly Run[],
  scope: Scope,
): ConditionsOutcome | EvaluationError {
  let some = anyRuns === undefined;
  for (const run of anyRuns ?? NONE) {
    const outcome = run(scope);
    if (outcome instanceof EvaluationError) return outcome;
    some = outcome.value;
    if (some) break;
  }
  // Conditions of `all` are asked also when none of `any` holds: their failure is told.
  for (const run of allRuns) {
    const outcome = run(scope);
    if (outcome instanceof EvaluationError || !outcome.value) return outcome;
  }
  return some ? HOLDS : HOLDS_NOT;
}

const NONE: readonly Run[] = [];

function messagesOf(condition: JsonObject): readonly string[] {
  const message = member(condition, 'message');
  return typeof message === 'string' && message !== '' ? [message] : [];
}

function readList(value: Json | undefined): readonly JsonObject[] | undefined | 'invalid' {
  if (value === undefined || value === null) return undefined;
  return isJsonArray(value) && value.every(isJsonObject) ? value : 'invalid';
}

/** Evaluates until one is `stopAt`, and answers it; the opposite when none is. */
function evaluateUntil(
  runs: readonly Run[],
  stopAt: boolean,
  scope: Scope,
  holding: string[],
  failing: string[],
): boolean | EvaluationError {
  for (const run of runs) {
    const outcome = run(scope);
    if (outcome instanceof EvaluationError) return outcome;
    (outcome.value ? holding : failing).push(...outcome.messages);
    if (outcome.value === stopAt) return stopAt;
  }
  return !stopAt;
}

function compileCondition(condition: JsonObject, tools: TemplateTools): Run {
  const key = compileTemplate(member(condition, 'key') ?? null, tools);
  const value = compileTemplate(member(condition, 'value') ?? null, tools);
  const operatorName = member(condition, 'operator');
  const operator = typeof operatorName === 'string' ? findOperator(operatorName) : undefined;
  const messages = messagesOf(condition);
  const outcomes =
    messages.length === 0
      ? { yes: HOLDS, no: HOLDS_NOT }
      : { yes: { value: true, messages }, no: { value: false, messages } };
  // A constant value is read once; so is a whole condition without variables.
  const read = operator && value.constant ? operator(value.value) : undefined;
  if (read && key.constant) return constantRun(read, key.value, outcomes);
  return (scope) => {
    const found = key.evaluate(scope);
    if (found instanceof EvaluationError) return failed('key', found);
    if (read) return read(found) ? outcomes.yes : outcomes.no;
    const wanted = value.evaluate(scope);
    if (wanted instanceof EvaluationError) return failed('value', wanted);
    // The end of the text is Go's rendering of an error that is not there.
    if (!operator) return new EvaluationError('failed to create handler for condition operator: %!w(<nil>)');
    return (operator.atOnce?.(found, wanted) ?? operator(wanted)(found)) ? outcomes.yes : outcomes.no;
  };
}

function constantRun(
  test: KeyTest,
  key: Json,
  outcomes: { readonly yes: ConditionsOutcome; readonly no: ConditionsOutcome },
): Run {
  const outcome = test(key) ? outcomes.yes : outcomes.no;
  return () => outcome;
}

function failed(part: 'key' | 'value', error: EvaluationError): EvaluationError {
  return new EvaluationError(`failed to substitute variables in condition ${part}: ${error.message}`, error.notFound);
}
