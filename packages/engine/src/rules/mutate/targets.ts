import type { FactTable } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { hasWildcard, matchWildcard } from '../../kernel/wildcard.ts';
import { compileConditions } from '../../lang/conditions/compile-conditions.ts';
import { compileContext } from '../../lang/variables/compile-context.ts';
import { compileTemplate } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import { selectorText } from '../../match/selector-text.ts';
import type { Effect } from '../../model/decision.ts';
import type { RuleBodyOutcome, RuleCompilation } from '../rule-kind.ts';
import { type Mutation, type MutationOutcome, mutatedMessage } from './mutation.ts';

/** One entry of `mutate.targets`. */
interface Target {
  readonly find: (scope: Scope, facts: FactTable) => readonly JsonObject[] | EvaluationError;
  readonly mutate: (target: JsonObject, scope: Scope, facts: FactTable) => MutationOutcome;
}

/** A mutation of existing resources: one outcome a target; the trigger itself stays as it is. */
export type TargetMutation = (scope: Scope, facts: FactTable) => readonly RuleBodyOutcome[];

/**
 * `mutate.targets` (mutateExisting, kyverno-core §2.11): every object that the selectors find is mutated, with `target`
 * as a variable, and becomes an `update` effect. What could not be looked up is one error, told first.
 */
export function compileTargets(
  entries: readonly Json[],
  mutation: Mutation,
  compilation: RuleCompilation,
): TargetMutation {
  const path = appendDocumentPath(appendDocumentPath(compilation.rule.path, 'mutate'), 'targets');
  const targets = entries
    .filter(isJsonObject)
    .map((entry, index) => compileTarget(entry, index, mutation, compilation, appendDocumentPath(path, index)));
  return (scope, facts) => {
    const errors: string[] = [];
    const outcomes: RuleBodyOutcome[] = [];
    for (const target of targets) {
      const found = target.find(scope, facts);
      if (found instanceof EvaluationError) {
        errors.push(found.message);
        continue;
      }
      for (const object of found) {
        outcomes.push(toOutcome(target.mutate(object, scope.with({ target: object }), facts)));
      }
    }
    return errors.length === 0 ? outcomes : [{ status: 'error', message: errors.join('; ') }, ...outcomes];
  };
}

function toOutcome(outcome: MutationOutcome): RuleBodyOutcome {
  if (outcome.status !== 'pass') return outcome;
  const { resource } = outcome;
  const effects: readonly Effect[] = [{ kind: 'update', resource }];
  return { status: 'pass', message: mutatedMessage(resource), effects };
}

function compileTarget(
  entry: JsonObject,
  index: number,
  mutation: Mutation,
  { policy, host, report }: RuleCompilation,
  path: string,
): Target {
  const at = (field: string) => ({ host, report, path: appendDocumentPath(path, field) });
  const selector = compileTemplate(pickSelector(entry), { host, report, path });
  const entries = member(entry, 'context');
  const context = compileContext(isJsonArray(entries) ? entries.filter(isJsonObject) : [], policy.ref, at('context'));
  const preconditions = compileConditions(member(entry, 'preconditions'), at('preconditions'));
  return {
    find: (scope, facts) => {
      const resolved = selector.evaluate(scope);
      if (resolved instanceof EvaluationError || !isJsonObject(resolved)) {
        const why = resolved instanceof EvaluationError ? resolved.message : 'not an object';
        return new EvaluationError(`failed to substitute variables in target[${index}]: ${why}`);
      }
      return findTargets(resolved, policy.ref.namespace, facts);
    },
    mutate: (target, outerScope, facts) => {
      const scope = context.attach(outerScope, facts);
      const holds = preconditions.evaluate(scope);
      if (holds instanceof EvaluationError) {
        return { status: 'error', message: `failed to evaluate preconditions: ${holds.message}` };
      }
      if (holds.value) return mutation(target, scope, facts);
      const message = ['preconditions not met', ...holds.messages].filter((text) => text !== '').join('; ');
      return { status: 'skip', message };
    },
  };
}

const SELECTOR_FIELDS = ['apiVersion', 'kind', 'namespace', 'name', 'uid', 'selector'];

function pickSelector(entry: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => SELECTOR_FIELDS.includes(key)));
}

/** The live objects of a selector; those of a namespaced policy come from its own namespace only. */
function findTargets(
  selector: JsonObject,
  policyNamespace: string | undefined,
  facts: FactTable,
): readonly JsonObject[] | EvaluationError {
  const text = (field: string): string => {
    const value = member(selector, field);
    return typeof value === 'string' ? value : '';
  };
  const namespace = policyNamespace ?? text('namespace');
  const name = text('name');
  const labels = selectorText(member(selector, 'selector'));
  if (labels instanceof EvaluationError) return labels;
  const isOne = name !== '' && !hasWildcard(name) && !hasWildcard(namespace);
  const fact = facts.get({
    kind: 'resource',
    apiVersion: text('apiVersion'),
    resourceKind: text('kind'),
    ...(namespace === '' || hasWildcard(namespace) ? {} : { namespace }),
    ...(isOne ? { name } : {}),
    ...(labels === '' ? {} : { labelSelector: labels }),
  });
  if (!fact.ok) return isOne && fact.class === 'not-found' ? [] : new EvaluationError(fact.message);
  const uid = text('uid');
  return objectsOf(fact.value).filter(
    (object) =>
      fits(namespace, memberAt(object, 'metadata', 'namespace')) &&
      fits(name, memberAt(object, 'metadata', 'name')) &&
      (uid === '' || memberAt(object, 'metadata', 'uid') === uid),
  );
}

function fits(pattern: string, value: Json | undefined): boolean {
  return pattern === '' || matchWildcard(pattern, typeof value === 'string' ? value : '');
}

/** One object, a list of them, or a Kubernetes List. */
function objectsOf(value: Json): readonly JsonObject[] {
  if (isJsonArray(value)) return value.filter(isJsonObject);
  if (!isJsonObject(value)) return [];
  const items = member(value, 'items');
  return isJsonArray(items) ? items.filter(isJsonObject) : [value];
}
