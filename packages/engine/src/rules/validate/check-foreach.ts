import { Need } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { compileConditions } from '../../lang/conditions/compile-conditions.ts';
import { compileEach } from '../../lang/jmespath/compile-each.ts';
import { parseQuietly } from '../../lang/jmespath/parse-quietly.ts';
import { compileContext } from '../../lang/variables/compile-context.ts';
import { compileQuery } from '../../lang/variables/query.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { RuleBodyOutcome } from '../rule-kind.ts';
import { type Check, type CheckCompilation, type CheckEvaluation, type CompiledCheck, erred, passed } from './check.ts';
import { compileCheck } from './compile-check.ts';

/** One block of a foreach: its list, and what is checked for each element. */
interface Loop {
  readonly list: (scope: Scope) => Json | EvaluationError;
  readonly elementScope: boolean | undefined;
  /** `undefined` when the element is skipped or nothing was checked. */
  readonly checkElement: Check;
  readonly quick: ((variables: JsonObject) => number) | undefined;
}

/** `foreach`: every element of every list must pass; the first that does not decides (kyverno-core §2.9). */
export function compileForeachCheck(blocks: readonly Json[], compilation: CheckCompilation): CompiledCheck {
  const path = appendDocumentPath(compilation.path, 'foreach');
  const loops = blocks
    .filter(isJsonObject)
    .map((block, index) => compileLoop(block, { ...compilation, path: appendDocumentPath(path, index) }));
  const { nesting } = compilation;
  const pass = passed('rule passed');
  const test = compileQuickTest(loops);
  return { run, quick: test && { test, outcome: pass } };

  function run(evaluation: CheckEvaluation): RuleBodyOutcome | undefined {
    let applied = 0;
    let listError: EvaluationError | undefined;
    for (const loop of loops) {
      const list = loop.list(evaluation.scope);
      if (list instanceof EvaluationError) {
        // A list that does not exist has no elements.
        if (!list.message.includes('Unknown key')) listError = list;
        continue;
      }
      const outcome = overElements(loop, isJsonArray(list) ? list : [list], evaluation, nesting);
      if (typeof outcome !== 'number') return outcome;
      applied += outcome;
    }
    if (applied > 0) return pass;
    return listError && erred('failed to evaluate list', listError);
  }
}

/** Certainly some element was checked, and each passed. */
function compileQuickTest(loops: readonly Loop[]): ((variables: JsonObject) => boolean) | undefined {
  const quick = loops.map((loop) => loop.quick).filter((test) => test !== undefined);
  if (loops.length === 0 || quick.length < loops.length) return undefined;
  return (variables) => {
    let applied = 0;
    for (const count of quick) {
      const passing = count(variables);
      if (passing < 0) return false;
      applied += passing;
    }
    return applied > 0;
  };
}

/**
 * How many elements passed, or the outcome of the first that did not. An element that needs a fact does not keep the
 * later ones from noting theirs: one fetch then serves the whole list.
 */
function overElements(
  loop: Loop,
  elements: readonly Json[],
  { input, scope, element: outer }: CheckEvaluation,
  nesting: number,
): number | RuleBodyOutcome {
  let applied = 0;
  let need: Need | undefined;
  for (let index = 0; index < elements.length; index += 1) {
    const element = elements[index] ?? null;
    if (element === null) continue;
    const isMap = isJsonObject(element);
    if (loop.elementScope === true && !isMap) return wrongScope(element);
    const scoped = loop.elementScope ?? isMap;
    const outcome = checkOrNeed(loop.checkElement, {
      input,
      scope: scope.withElement(element, index, nesting),
      element: scoped && isMap ? element : outer,
    });
    if (outcome instanceof Need) need ??= outcome;
    if (need !== undefined || outcome instanceof Need) continue;
    if (outcome === undefined || outcome.status === 'skip') continue;
    if (outcome.status !== 'pass') return { ...outcome, message: `validation failure: ${outcome.message}` };
    applied++;
  }
  if (need !== undefined) throw need;
  return applied;
}

function checkOrNeed(check: Check, evaluation: CheckEvaluation): RuleBodyOutcome | undefined | Need {
  try {
    return check(evaluation);
  } catch (error) {
    if (error instanceof Need) return error;
    throw error;
  }
}

function wrongScope(element: Json): RuleBodyOutcome {
  const type = isJsonArray(element) ? '[]interface {}' : typeof element === 'number' ? 'float64' : goScalar(element);
  return {
    status: 'error',
    message: `failed to process foreach: cannot use elementScope=true foreach rules for elements that are not maps, expected type=map got type=${type}`,
  };
}

function goScalar(element: Json): string {
  return typeof element === 'boolean' ? 'bool' : 'string';
}

function compileLoop(block: JsonObject, compilation: CheckCompilation): Loop {
  const { host, report, path, policy } = compilation;
  const list = member(block, 'list');
  const query = compileQuery(typeof list === 'string' ? list : '', host);
  if (query.diagnostic) report({ ...query.diagnostic, severity: 'warning', path: appendDocumentPath(path, 'list') });
  const elementScope = member(block, 'elementScope');
  return {
    list: query.evaluate,
    elementScope: typeof elementScope === 'boolean' ? elementScope : undefined,
    ...compileElement(block, compilation, policy),
  };
}

/** How many elements certainly pass; -1 when one may not. */
function compileQuickCount(list: Json | undefined, test: (variables: JsonObject) => boolean): Loop['quick'] {
  const tree = typeof list === 'string' ? parseQuietly(list) : undefined;
  let request: Json = null;
  let count = 0;
  const each =
    tree &&
    compileEach(tree, (element) => {
      count += 1;
      return isJsonObject(element) && test({ request, element });
    });
  return (
    each &&
    ((given) => {
      request = given['request'] ?? null;
      count = 0;
      return each(given) ? count : -1;
    })
  );
}

function compileElement(
  block: JsonObject,
  compilation: CheckCompilation,
  policy: CheckCompilation['policy'],
): Pick<Loop, 'checkElement' | 'quick'> {
  const { host, report, path, nesting } = compilation;
  const at = (field: string) => ({ host, report, path: appendDocumentPath(path, field) });
  const given = member(block, 'context');
  const entries = isJsonArray(given) ? given.filter(isJsonObject) : [];
  const context = compileContext(entries, policy, at('context'));
  const conditions = member(block, 'preconditions') ?? null;
  const preconditions = compileConditions(conditions, at('preconditions'));
  const { run: check, quick } = compileCheck(block, { ...compilation, nesting: nesting + 1 });
  if (entries.length === 0 && conditions === null) {
    return {
      checkElement: (evaluation) =>
        evaluation.scope.standIns ? check({ ...evaluation, scope: attach(evaluation) }) : check(evaluation),
      quick: quick && compileQuickCount(member(block, 'list'), quick.test),
    };
  }
  return { checkElement: checkWithContext, quick: undefined };

  function checkWithContext(evaluation: CheckEvaluation): RuleBodyOutcome | undefined {
    const scope = attach(evaluation);
    const outcome = preconditions.evaluate(scope);
    // An element whose preconditions cannot be evaluated is skipped like one that does not meet them, as upstream.
    if (outcome instanceof EvaluationError || !outcome.value) return undefined;
    return check({ ...evaluation, scope });
  }

  function attach({ scope, input }: CheckEvaluation): Scope {
    return context.attach(scope, input.facts);
  }
}
