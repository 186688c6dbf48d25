import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonArray, type Json } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { compilePattern, type Pattern, type PatternOutcome } from '../../lang/pattern/compile-pattern.ts';
import { toDemand } from '../../lang/pattern/demands.ts';
import { compileTemplate } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { Demand } from '../../model/demand.ts';
import type { RuleBodyOutcome } from '../rule-kind.ts';
import { type Check, type CheckCompilation, type CheckEvaluation, type CompiledCheck, erred, passed } from './check.ts';
import { anyPatternFailure, patternError, patternFailure } from './failure-message.ts';

/** `pattern`: compiled once, or for each request over the parts that hold no variables. */
export function compilePatternCheck(pattern: Json, compilation: CheckCompilation): CompiledCheck {
  const { ruleName, message } = compilation;
  const { constant, resolve } = compileDocument(pattern, 'pattern', compilation, compilePattern);
  const pass = passed(`validation rule '${ruleName}' passed.`);
  const run: Check = (evaluation) => {
    const resolved = resolve(evaluation.scope);
    if (resolved instanceof EvaluationError) return erred('variable substitution failed', resolved);
    const target = targetOf(evaluation);
    if (target === undefined) return undefined;
    const outcome = resolved.evaluate(target);
    if (outcome.status === 'pass') return pass;
    return { ...worded(outcome, evaluation.scope), status: outcome.status };
  };
  if (!constant) return { run };
  return {
    run,
    passes: (target) => (constant.get().matches(target) ? pass : undefined),
    outcomes: [pass],
    demands: () => toDemands([constant.document]),
  };

  function worded(outcome: PatternOutcome, scope: Scope): Pick<RuleBodyOutcome, 'message' | 'path'> {
    if (outcome.status === 'skip') return { message: outcome.message };
    if (outcome.status === 'error') return { message: patternError(message, scope, ruleName, outcome.message) };
    return { message: patternFailure(message, scope, ruleName, outcome.path), path: outcome.path };
  }
}

/** `anyPattern`: the first that passes decides (kyverno-core §2.9). */
export function compileAnyPatternCheck(anyPattern: Json, compilation: CheckCompilation): CompiledCheck {
  const { ruleName, message } = compilation;
  const { constant, resolve } = compileDocument(anyPattern, 'anyPattern', compilation, compilePatterns);
  const passOf = (index: number) => passed(`validation rule '${ruleName}' anyPattern[${index}] passed.`);
  const passes = isJsonArray(anyPattern) ? anyPattern.map((_, index) => passOf(index)) : [];
  const run: Check = (evaluation) => {
    const patterns = resolve(evaluation.scope);
    if (patterns instanceof EvaluationError) return erred('variable substitution failed', patterns);
    const target = targetOf(evaluation);
    if (target === undefined) return undefined;
    if (patterns === 'no-list') {
      return {
        status: 'error',
        message: 'failed to deserialize anyPattern, expected type array: the value is no array',
      };
    }
    return judge(patterns, target, evaluation.scope);
  };
  if (!constant) return { run };
  return {
    run,
    passes(target) {
      const patterns = constant.get();
      if (patterns === 'no-list') return undefined;
      for (let index = 0; index < patterns.length; index += 1) {
        if (patterns[index]?.matches(target)) return passes[index];
      }
      return undefined;
    },
    outcomes: passes,
    demands: () => (isJsonArray(constant.document) ? toDemands(constant.document) : undefined),
  };

  function judge(patterns: readonly Pattern[], target: Json, scope: Scope): RuleBodyOutcome {
    const skips: string[] = [];
    const failures: string[] = [];
    for (const [index, pattern] of patterns.entries()) {
      const outcome = pattern.evaluate(target);
      const name = `rule ${ruleName}[${index}]`;
      if (outcome.status === 'pass') return passes[index] ?? passOf(index);
      if (outcome.status === 'skip') skips.push(`${name} skipped: ${outcome.message}`);
      else if (outcome.status === 'error') failures.push(`${name} failed: ${outcome.message}`);
      else failures.push(`${name} failed at path ${outcome.path}`);
    }
    if (failures.length > 0) {
      return { status: 'fail', message: anyPatternFailure(message, scope, ruleName, failures.join(' ')) };
    }
    return skips.length > 0 ? { status: 'skip', message: skips.join(' ') } : passed(message.source);
  }
}

/** `undefined` when one of them is more than demands. */
function toDemands(patterns: readonly Json[]): readonly Demand[] | undefined {
  const demands = patterns.map(toDemand);
  return demands.every((demand) => demand !== undefined) ? demands : undefined;
}

/** Compiled parts of patterns, by the identity of the document's own objects. */
type Parts = NonNullable<Parameters<typeof compilePattern>[1]>;

function compilePatterns(document: Json, parts: Parts): readonly Pattern[] | 'no-list' {
  return isJsonArray(document) ? document.map((pattern) => compilePattern(pattern, parts)) : 'no-list';
}

interface CompiledDocument<Compiled> {
  /** For a document without variables. Compiled when first asked: many policies never meet a resource. */
  readonly constant: { readonly document: Json; readonly get: () => Compiled } | undefined;
  readonly resolve: (scope: Scope) => Compiled | EvaluationError;
}

function compileDocument<Compiled>(
  document: Json,
  field: string,
  { host, report, path }: CheckCompilation,
  compile: (document: Json, parts: Parts) => Compiled,
): CompiledDocument<Compiled> {
  const template = compileTemplate(document, { host, report, path: appendDocumentPath(path, field) });
  const parts: Parts = new WeakMap();
  if (template.constant) {
    const { value } = template;
    let compiled: { readonly value: Compiled } | undefined;
    const get = (): Compiled => {
      compiled ??= { value: compile(value, parts) };
      return compiled.value;
    };
    return { constant: { document: value, get }, resolve: get };
  }
  return {
    constant: undefined,
    resolve: (scope) => {
      const resolved = template.evaluate(scope);
      return resolved instanceof EvaluationError ? resolved : compile(resolved, parts);
    },
  };
}

/** What patterns apply to: the element of a foreach, else the resource; nothing when the resource is going away. */
function targetOf({ input, element }: CheckEvaluation): Json | undefined {
  return element ?? (input.request.operation === 'DELETE' ? undefined : input.resource);
}
