import { type Activation, CelError, readVariable } from '@vouchsafe/cel';
import type { FactKind } from '../../facts/fact-request.ts';
import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { type MutationSettings, schemaOfKind } from '../../lang/cel/apply/apply-mutation.ts';
import { compileAuditAnnotations } from '../../lang/cel/audit-annotations.ts';
import { traceExpressions } from '../../lang/cel/expression-trace.ts';
import { createFactHost } from '../../lang/cel/fact-host.ts';
import type { AutogenVariant } from '../../lang/cel/pod-autogen.ts';
import { compilePolicyExceptions } from '../../lang/cel/policy-exceptions.ts';
import {
  createPolicyLanguage,
  EXCEPTIONS,
  type PolicyExpression,
  type PolicyScope,
} from '../../lang/cel/policy-language.ts';
import { compileConditionList, compileVariables, conditionsHold } from '../../lang/cel/policy-parts.ts';
import { createActivation, extendActivation, withVariables } from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors, MATCH_EVERYTHING } from '../../match/match-constraints.ts';
import type { CelPolicySpec } from '../../model/cel-policy.ts';
import { toNamedExpressions } from '../../model/cel-policy-document.ts';
import type { CompiledRule, Phase, ResourceSelector, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { RuleResult } from '../../model/decision.ts';
import { readFlag, readObject } from '../../model/read-json.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { compileWithAutogen } from '../compile-with-autogen.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';
import { compileMutations, mutateObject, type ObjectMutation } from './mutate-object.ts';
import { rewritePodMutations } from './rewrite-pod-mutations.ts';
import { compileTargets, hasTargets, type Target, type TargetSearch } from './targets.ts';

const ADMISSION_PHASES: ReadonlySet<Phase> = new Set<Phase>(['mutate']);
/** Existing objects are changed in the background, with what is generated; among files also at once. */
const EXISTING_PHASES: ReadonlySet<Phase> = new Set<Phase>(['mutate', 'generate']);

/** MutatingPolicy and NamespacedMutatingPolicy (kyverno-cel §4.3). */
export const mutatingPolicies: PolicyKind = {
  kinds: ['MutatingPolicy'],
  phases: EXISTING_PHASES,
  compile: compileMutatingPolicy,
};

function compileMutatingPolicy(compilation: PolicyCompilation): PolicyBody {
  const { variants, autogen } = compileWithAutogen(compilation, rewritePodMutations, compileVariant);
  return {
    rules: variants.flatMap(({ rules }) => rules),
    selectors: variants.flatMap(({ selectors }) => selectors),
    concerns: (request, phase) => variants.some(({ concerns }) => concerns(request, phase)),
    needs: new Set(variants.flatMap(({ needs }) => [...needs])),
    autogen,
  };
}

interface CompiledVariant {
  readonly rules: readonly CompiledRule[];
  readonly selectors: readonly ResourceSelector[];
  readonly concerns: PolicyBody['concerns'];
  readonly needs: ReadonlySet<FactKind>;
}

/** Without constraints everything matches (kyverno-cel §4.1). */
function compileVariant(
  compilation: PolicyCompilation,
  spec: CelPolicySpec,
  autogen?: AutogenVariant['config']['name'],
): CompiledVariant {
  const parts = compileParts(compilation, spec);
  const constraints = spec.matchConstraints ?? MATCH_EVERYTHING;
  const matcher = compileConstraints(constraints);
  const matches = (request: EvaluationRequest): boolean => request.payload !== true && matcher.matches(request);
  const isExisting = readFlag(readObject(readObject(spec.written, 'evaluation'), 'mutateExisting'), 'enabled') === true;
  const rules = [
    // What has targets is about them alone (kyverno-cel §4.3).
    ...(hasTargets(spec) ? [] : [createAdmissionRule(compilation, parts, matches)]),
    ...(isExisting ? [createExistingRule(compilation, parts, matches)] : []),
  ];
  const phases = new Set(rules.flatMap((rule) => [...rule.phases]));
  return {
    rules,
    selectors: rules.length === 0 ? [] : constraintSelectors(constraints, phases, autogen),
    concerns: (request, phase) => phases.has(phase) && matcher.concerns(request),
    needs: parts.needs,
  };
}

interface MutatingParts extends ObjectMutation {
  readonly targetConditions: readonly PolicyExpression[];
  readonly findTargets: TargetSearch;
  readonly needs: ReadonlySet<FactKind>;
}

/** In upstream's order: what comes later may use the variables (kyverno-cel §2.6). */
function compileParts({ policy, exceptions, report }: PolicyCompilation, spec: CelPolicySpec): MutatingParts {
  const { written } = spec;
  const language = createPolicyLanguage({
    dialect: 'mutating',
    namespace: policy.ref.namespace,
    variables: { exceptions: EXCEPTIONS },
    report,
  });
  const variables = compileVariables(spec.variables, 'spec.variables', language);
  const conditions = compileConditionList(spec.matchConditions, 'spec.matchConditions', language);
  refuseVariables(conditions, written, report);
  const findTargets = compileTargets(policy, spec, language);
  const targetConditions = compileConditionList(
    toNamedExpressions(written, 'targetMatchConditions'),
    'spec.targetMatchConditions',
    language,
  );
  const settings: MutationSettings = {
    schemaOf: schemaOfKind,
    allowAtomic: readFlag(readObject(written, 'evaluation'), 'useServerSideApply') === true,
  };
  return {
    variables,
    conditions,
    findTargets,
    targetConditions,
    exceptions: compilePolicyExceptions(exceptions, language, {
      partial: true,
      reportResult: true,
      failurePolicy: 'Fail',
    }),
    annotations: compileAuditAnnotations(written, language),
    mutations: compileMutations(written, language),
    settings,
    needs: new Set([...language.needs, 'kind-schema']),
  };
}

const REFUSED =
  'variables cannot be referenced in matchConditions when spec.autogen.mutatingAdmissionPolicy.enabled is true; native MutatingAdmissionPolicy evaluates match conditions before variables, so inline the expression instead';

/** What becomes a policy of the API server may use only what that has. */
function refuseVariables(
  conditions: readonly PolicyExpression[],
  written: JsonObject,
  report: PolicyCompilation['report'],
): void {
  const generated = readObject(readObject(written, 'autogen'), 'mutatingAdmissionPolicy');
  if (readFlag(generated, 'enabled') !== true) return;
  for (const { path, variables } of conditions) {
    if (variables.includes('variables')) report({ code: 'cel-type', severity: 'error', message: REFUSED, path });
  }
}

const NOTHING: RuleOutcome = Object.freeze({ results: [], effects: [] });

type Matches = (request: EvaluationRequest) => boolean;

/** Mutates what is being created or updated. */
function createAdmissionRule(
  { policy, host }: PolicyCompilation,
  parts: MutatingParts,
  matches: Matches,
): CompiledRule {
  return createRule(ADMISSION_PHASES, (input) => {
    // What is deleted has no new object that could be another.
    if (input.request.resource === undefined || !matches(input.request)) return NOTHING;
    const scope: PolicyScope = {
      activation: ofRequest(input),
      host: createFactHost(input, { policy: policy.ref, host }),
    };
    const { result, object } = traceExpressions(scope, '', input.trace, (traced) =>
      mutateObject(parts, traced, input.resource, input),
    );
    const results = [toResult(result)];
    return object === undefined || object === input.resource
      ? { results, effects: [] }
      : { results, effects: [], resource: object };
  });
}

/** Mutates what exists, when something triggers it. */
function createExistingRule({ policy, host }: PolicyCompilation, parts: MutatingParts, matches: Matches): CompiledRule {
  const { variables, conditions, findTargets, targetConditions } = parts;
  const targetMutation: ObjectMutation = { ...parts, conditions: targetConditions };
  return createRule(EXISTING_PHASES, (input) => {
    const isForFiles = input.phase === 'mutate';
    if ((isForFiles && input.request.standIns === undefined) || !matches(input.request)) return NOTHING;
    const bare: PolicyScope = {
      activation: ofRequest(input),
      host: createFactHost(input, { policy: policy.ref, host }),
    };
    const scope = withVariables(bare, variables);
    // A trigger that cannot be judged triggers nothing, as upstream.
    if (conditionsHold(conditions, scope) !== true) return NOTHING;
    const targets = findTargets(scope, input);
    if (targets instanceof CelError) return { results: [toResult(notFound(targets))], effects: [] };
    const outcomes = targets.map((target) => ({
      target,
      ...mutateObject(
        targetMutation,
        { ...bare, activation: ofTarget(bare.activation, target.object) },
        target.object,
        input,
      ),
    }));
    // Targets whose conditions do not hold are none.
    const told = outcomes.filter(({ result }) => result.status !== 'skip' || result.rule !== '');
    const order = [...told.filter(isPassed), ...told.filter((outcome) => !isPassed(outcome))];
    return {
      results: order.map(({ result }) => toResult(result)),
      // A cluster has what did not change; files are told of it, too.
      effects: order.flatMap(({ target, object, result }) =>
        object && (isForFiles || object !== target.object)
          ? [{ kind: 'update', resource: object, rule: result.rule, ...partOf(target) } as const]
          : [],
      ),
    };
  });
}

function partOf({ subresource }: Target): { readonly subresource?: string } {
  return subresource === '' ? {} : { subresource };
}

function isPassed({ object }: ReturnType<typeof mutateObject>): boolean {
  return object !== undefined;
}

function createRule(phases: ReadonlySet<Phase>, evaluate: CompiledRule['evaluate']): CompiledRule {
  return Object.freeze({ name: '', type: 'Mutation', phases, action: () => 'Enforce', evaluate } as const);
}

function toResult(result: Pick<RuleResult, 'rule' | 'status' | 'message'> & Partial<RuleResult>): RuleResult {
  return { type: 'Mutation', action: 'Enforce', ...result };
}

function notFound({ message }: CelError): Pick<RuleResult, 'rule' | 'status' | 'message'> {
  return { rule: 'evaluation', status: 'error', message: `failed to evaluate policy: ${message}` };
}

/** What earlier policies changed is in `object` alone: `request.object` is what was asked for. */
function ofRequest(input: RuleInput): Activation {
  const activation = createActivation(input);
  const { original } = input.request;
  if (original === undefined) return activation;
  return extendActivation(activation, {
    get request() {
      const request = readVariable(activation, 'request');
      return isJsonObject(request) ? { ...request, object: original } : request;
    },
  });
}

/** An existing object in its own right; the request stays that of the trigger. */
function ofTarget(trigger: Activation, object: JsonObject): Activation {
  return extendActivation(trigger, { object, oldObject: null, namespaceObject: null });
}
