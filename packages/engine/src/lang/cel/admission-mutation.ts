import { type Activation, CelError, createAdmissionPolicyEnvironment } from '@vouchsafe/cel';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';
import { isEqualJson, type Json, type JsonObject } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { readObject, readObjects } from '../../model/read-json.ts';
import { toAttributes } from './admission-attributes.ts';
import { admissionNamespace } from './admission-surroundings.ts';
import { type AdmissionVariables, compileAdmissionVariables, withAdmissionVariables } from './admission-variables.ts';
import {
  applyMutation,
  deducedSchema,
  MUTATION_TYPES,
  type MutationSettings,
  type PatchType,
  readMutations,
} from './apply/apply-mutation.ts';
import { type CelAsking, type CelExpression, type CelTools, compileCel, evaluateNamed } from './cel-expression.ts';
import { CostBudget, OUT_OF_BUDGET } from './cost-budget.ts';
import { allHold, compileMatchConditions } from './match-conditions.ts';
import { shownObject } from './policy-scope.ts';

/** What the mutations come to. */
export type MutationVerdict =
  | { readonly kind: 'mutated'; readonly object: JsonObject }
  | { readonly kind: 'not-matched' }
  | { readonly kind: 'error'; readonly message: string };

export interface CompiledAdmissionMutation {
  /** Throws only `Need`. */
  readonly mutate: (object: JsonObject, params: Json, input: RuleInput) => MutationVerdict;
  /** Whether some expression reads the variable. */
  readonly reads: (variable: string) => boolean;
}

interface Mutation {
  readonly type: PatchType;
  readonly expression: CelExpression;
}

const SETTINGS: MutationSettings = { schemaOf: deducedSchema, allowAtomic: false };

/** The spec of a MutatingAdmissionPolicy, as Kubernetes evaluates it (kyverno-cel §6.2, §6.4). */
export function compileAdmissionMutation(
  spec: JsonObject,
  report: (diagnostic: Diagnostic) => void,
): CompiledAdmissionMutation {
  const tools: CelTools = {
    environment: createAdmissionPolicyEnvironment({ patchTypes: true }),
    names: { params: readObject(spec, 'paramKind') !== undefined, authorizer: false },
    report,
    severity: 'warning',
  };
  const variables = compileAdmissionVariables({ items: readObjects(spec, 'variables'), path: 'spec.variables' }, tools);
  const conditions = compileMatchConditions(readObjects(spec, 'matchConditions'), 'spec.matchConditions', tools);
  const mutations = readMutations(spec).map(
    ({ type, text, path }): Mutation => ({
      type,
      expression: compileCel(text, MUTATION_TYPES[type].types, path, tools),
    }),
  );
  const expressions = [...conditions, ...variables.map(([, one]) => one), ...mutations.map((one) => one.expression)];
  const read = new Set(expressions.flatMap((expression) => expression.variables));
  return {
    reads: (name) => read.has(name),
    mutate: (object, params, input) => {
      const asking: CelAsking = { budget: new CostBudget() };
      const given = createGiven(params, input);
      const matched = allHold(conditions, given(object, variables, asking), asking);
      if (matched instanceof CelError) return { kind: 'error', message: matched.message };
      return matched
        ? runMutations(mutations, object, input, asking, (at) => given(at, variables, asking))
        : NOT_MATCHED;
    },
  };
}

const NOT_MATCHED: MutationVerdict = Object.freeze({ kind: 'not-matched' });

type Given = (object: JsonObject, variables: AdmissionVariables, asking: CelAsking) => Activation;

/** What expressions see of an object that was mutated so far; variables are evaluated anew for each. */
function createGiven(params: Json, input: RuleInput): Given {
  const { oldObject, request, namespace } = toAttributes(input);
  return (object, variables, asking) =>
    withAdmissionVariables(
      {
        object: shownObject(object, input.request),
        oldObject: oldObject === null ? null : shownObject(oldObject, input.request),
        request,
        params,
        get namespaceObject() {
          return admissionNamespace(namespace, input);
        },
      },
      variables,
      asking,
    );
}

function runMutations(
  mutations: readonly Mutation[],
  object: JsonObject,
  input: RuleInput,
  asking: CelAsking,
  given: (object: JsonObject) => Activation,
): MutationVerdict {
  let current = object;
  for (const { type, expression } of mutations) {
    const value = evaluateNamed(expression, given(current), asking);
    if (asking.budget.isSpent) return { kind: 'error', message: OUT_OF_BUDGET };
    if (value instanceof CelError) return { kind: 'error', message: value.message };
    const mutated = applyMutation(type, value, current, input.facts, SETTINGS);
    if (mutated instanceof CelError) return { kind: 'error', message: mutated.message };
    current = mutated;
  }
  return { kind: 'mutated', object: isEqualJson(current, object) ? object : current };
}
