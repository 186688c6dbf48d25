import { type FactTable, Need, orNeed } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isEqualJson, isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { compileConditions } from '../../lang/conditions/compile-conditions.ts';
import { compileContext } from '../../lang/variables/compile-context.ts';
import { compileQuery } from '../../lang/variables/query.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { RuleCompilation } from '../rule-kind.ts';
import { failed, type Mutation, type MutationOutcome, NOTHING_APPLIED } from './mutation.ts';
import { compilePatcher } from './patcher.ts';

export interface ForeachCompilation extends Pick<RuleCompilation, 'policy' | 'host' | 'report'> {
  /** JSON path of the `foreach` list. */
  readonly path: string;
  /** 0 for the outermost. */
  readonly nesting: number;
}

/** One block of a foreach. */
interface Loop {
  readonly listText: string;
  readonly list: (scope: Scope) => Json | EvaluationError;
  /** Last element first: what kustomize prepends then ends up in the order of the list. */
  readonly isDescending: boolean;
  readonly mutateElement: ElementMutation;
}

/** `undefined` when the preconditions of the element do not hold. */
type ElementMutation = (
  resource: JsonObject,
  scope: Scope,
  facts: FactTable,
  index: number,
) => MutationOutcome | undefined;

/**
 * `mutate.foreach`: blocks in order, each over the elements of its list, each element on the resource as the one before
 * left it. Variables see a changed `request.object` from the next block on (kyverno-core §2.11).
 */
export function compileForeach(blocks: readonly Json[], compilation: ForeachCompilation): Mutation {
  const loops = blocks
    .filter(isJsonObject)
    .map((block, index) => compileLoop(block, { ...compilation, path: appendDocumentPath(compilation.path, index) }));
  const { nesting } = compilation;
  return (resource, outerScope, facts) => {
    let current = resource;
    let scope = outerScope;
    let applied = 0;
    for (const loop of loops) {
      const list = loop.list(scope);
      if (list instanceof EvaluationError) {
        return failed(`failed to evaluate list ${loop.listText}: ${list.message}`, list);
      }
      const outcome = overElements(loop, isJsonArray(list) ? list : [list], current, scope, facts, nesting);
      if (outcome.status === 'error') return failed(`failed to mutate elements: ${outcome.message}`);
      if (outcome.status === 'skip') continue;
      applied++;
      current = outcome.resource;
      scope = scope.withResource(current);
    }
    return applied === 0 ? { status: 'skip', message: '0 elements processed' } : { status: 'pass', resource: current };
  };
}

function overElements(
  loop: Loop,
  elements: readonly Json[],
  resource: JsonObject,
  scope: Scope,
  facts: FactTable,
  nesting: number,
): MutationOutcome {
  let current = resource;
  let need: Need | undefined;
  for (let step = 0; step < elements.length; step++) {
    const index = loop.isDescending ? elements.length - 1 - step : step;
    const element = elements[index] ?? null;
    if (element === null) continue;
    const outcome = orNeed(() =>
      loop.mutateElement(current, scope.with(elementVariables(element, index, nesting)), facts, index),
    );
    // the later elements run on an object that will not be, but note the facts they need: one fetch serves them all
    if (outcome instanceof Need) need ??= outcome;
    if (need !== undefined || outcome instanceof Need) continue;
    if (outcome?.status === 'error') return outcome;
    if (outcome?.status === 'pass') current = outcome.resource;
  }
  if (need !== undefined) throw need;
  const isChanged = current !== resource && !isEqualJson(current, resource);
  return isChanged ? { status: 'pass', resource: current } : NOTHING_APPLIED;
}

function elementVariables(element: Json, index: number, nesting: number): JsonObject {
  return {
    element,
    elementIndex: index,
    [`element${nesting}`]: element,
    [`elementIndex${nesting}`]: index,
  };
}

function compileLoop(block: JsonObject, compilation: ForeachCompilation): Loop {
  const { host, report, path } = compilation;
  const list = member(block, 'list');
  const listText = typeof list === 'string' ? list : '';
  const query = compileQuery(listText, host);
  if (query.diagnostic) report({ ...query.diagnostic, severity: 'warning', path: appendDocumentPath(path, 'list') });
  const order = member(block, 'order');
  const merges = (member(block, 'patchStrategicMerge') ?? null) !== null;
  return {
    listText,
    list: query.evaluate,
    isDescending: typeof order === 'string' ? order === 'Descending' : merges,
    mutateElement: compileElement(block, compilation),
  };
}

function compileElement(block: JsonObject, compilation: ForeachCompilation): ElementMutation {
  const { policy, host, report, path } = compilation;
  const at = (field: string) => ({ host, report, path: appendDocumentPath(path, field) });
  const entries = member(block, 'context');
  const context = compileContext(isJsonArray(entries) ? entries.filter(isJsonObject) : [], policy.ref, at('context'));
  const preconditions = compileConditions(member(block, 'preconditions'), at('preconditions'));
  const mutate = compileElementMutation(block, compilation);
  return (resource, outerScope, facts, index) => {
    const scope = context.attach(outerScope, facts);
    const holds = preconditions.evaluate(scope);
    if (holds instanceof EvaluationError) {
      return failed(`failed to evaluate mutate.foreach[${index}].preconditions`, holds);
    }
    return holds.value ? mutate(resource, scope, facts) : undefined;
  };
}

/** A nested foreach, or the patches of this one. */
function compileElementMutation(block: JsonObject, compilation: ForeachCompilation): Mutation {
  const { host, report, path, nesting } = compilation;
  const nested = member(block, 'foreach');
  if (isJsonArray(nested) && nested.length > 0) {
    return compileForeach(nested, { ...compilation, path: appendDocumentPath(path, 'foreach'), nesting: nesting + 1 });
  }
  return toMutation(compilePatcher(block, { host, report, path, isWholeRule: false }));
}

/** A patcher as a mutation: an unchanged resource is skipped. */
export function toMutation(patch: ReturnType<typeof compilePatcher>): Mutation {
  return (resource, scope) => {
    const patched = patch(resource, scope);
    if (patched instanceof EvaluationError) return failed(patched.message);
    return patched === resource || isEqualJson(patched, resource)
      ? NOTHING_APPLIED
      : { status: 'pass', resource: patched };
  };
}
