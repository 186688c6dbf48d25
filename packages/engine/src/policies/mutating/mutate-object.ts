import { CelError, type CelValue, readVariable } from '@vouchsafe/cel';
import { isEqualJson, type JsonObject } from '../../kernel/json.ts';
import {
  applyMutation,
  MUTATION_TYPES,
  type MutationSettings,
  type PatchType,
  readMutations,
} from '../../lang/cel/apply/apply-mutation.ts';
import { type AuditAnnotations, evaluateAuditAnnotations } from '../../lang/cel/audit-annotations.ts';
import { exemptedResult, type PolicyExceptions } from '../../lang/cel/policy-exceptions.ts';
import type { PolicyExpression, PolicyLanguage, PolicyScope } from '../../lang/cel/policy-language.ts';
import { conditionsHold } from '../../lang/cel/policy-parts.ts';
import { extendActivation, type PolicyVariables, shownObject, withVariables } from '../../lang/cel/policy-scope.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { RuleResult } from '../../model/decision.ts';

/** One entry of `spec.mutations`, compiled. */
export interface Mutation {
  readonly type: PatchType;
  readonly expression: PolicyExpression;
}

/** What mutates one object: the one of the request, or a target. */
export interface ObjectMutation {
  readonly exceptions: PolicyExceptions;
  readonly variables: PolicyVariables;
  readonly conditions: readonly PolicyExpression[];
  readonly mutations: readonly Mutation[];
  readonly annotations: AuditAnnotations;
  readonly settings: MutationSettings;
}

/** What does not compile is reported and left out. */
export function compileMutations(spec: JsonObject, language: PolicyLanguage): readonly Mutation[] {
  return readMutations(spec).flatMap(({ type, text, path }) => {
    const expression = language.compile(text, path, MUTATION_TYPES[type]);
    return expression ? [{ type, expression }] : [];
  });
}

export interface MutatedObject {
  readonly result: Pick<RuleResult, 'rule' | 'status' | 'message'> & Partial<RuleResult>;
  /** The object after the mutations, when they passed; the same one when they changed nothing. */
  readonly object?: JsonObject;
}

const SKIPPED: MutatedObject = { result: { rule: '', status: 'skip', message: 'skip' } };

/**
 * Mutates an object: exceptions, conditions, mutations, annotations (kyverno-cel §4.3). Each mutation sees the object as the
 * one before left it, and so does a variable that nobody has read yet; one that was read keeps its value.
 */
export function mutateObject(
  { exceptions, variables, conditions, mutations, annotations, settings }: ObjectMutation,
  bare: PolicyScope,
  object: JsonObject,
  input: RuleInput,
): MutatedObject {
  const found = exceptions.find(bare, input.request.now);
  if (found instanceof CelError) return failed(found);
  if (found.exemption) return { result: exemptedResult(found.exemption) };
  let seen: CelValue | undefined;
  const unchanged = bare.activation;
  const activation = extendActivation(unchanged, {
    exceptions: found.allowed,
    get object() {
      return seen ?? readVariable(unchanged, 'object');
    },
  });
  const scope = withVariables({ ...bare, activation }, variables);
  const matched = conditionsHold(conditions, scope);
  if (matched instanceof CelError) return failed(matched);
  if (!matched) return SKIPPED;
  let current = object;
  for (const { type, expression } of mutations) {
    const value = expression.evaluate(scope);
    if (value instanceof CelError) return failed(value);
    const mutated = applyMutation(type, value, current, input.facts, settings);
    if (mutated instanceof CelError) return failed(mutated);
    if (mutated === current) continue;
    current = mutated;
    // A patch goes through JSON, where whole numbers are whole again (kyverno-cel §9.3).
    seen = type === 'JSONPatch' ? current : shownObject(current, input.request);
  }
  const properties = annotations.length === 0 ? {} : evaluateAuditAnnotations(annotations, scope);
  if (properties instanceof CelError) return failed(properties);
  const told = Object.keys(properties).length > 0 ? { properties } : {};
  const mutated = isEqualJson(current, object) ? object : current;
  return { result: { rule: '', status: 'pass', message: 'success', ...told }, object: mutated };
}

function failed({ message }: CelError): MutatedObject {
  return { result: { rule: 'evaluation', status: 'error', message: `failed to evaluate policy: ${message}` } };
}
