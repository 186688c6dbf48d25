import type { FactKind } from '../../facts/fact-request.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { type AdmissionAttributes, toAttributes } from '../../lang/cel/admission-attributes.ts';
import {
  type AdmissionVerdict,
  type CompiledAdmissionPolicy,
  compileAdmissionPolicy,
} from '../../lang/cel/admission-policy.ts';
import { admissionNamespace, withScanner } from '../../lang/cel/admission-surroundings.ts';
import { shownObject } from '../../lang/cel/policy-scope.ts';
import { compileConstraints, constraintSelectors, MATCH_EVERYTHING } from '../../match/match-constraints.ts';
import { type CompiledBinding, compileBindings } from '../../match/policy-bindings.ts';
import type { CompiledRule, Phase, RuleInput, RuleOutcome } from '../../model/compiled-policy.ts';
import type { RuleResult } from '../../model/decision.ts';
import { readObject, readObjects } from '../../model/read-json.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { PolicyBody, PolicyCompilation, PolicyKind } from '../policy-kind.ts';

const PHASES: ReadonlySet<Phase> = new Set(['validate']);

/** Kubernetes' ValidatingAdmissionPolicy, for files and scans: in a cluster the API server judges it (kyverno-cel §6). */
export const validatingAdmissionPolicies: PolicyKind = {
  kinds: ['ValidatingAdmissionPolicy'],
  phases: PHASES,
  compile: compileValidatingAdmissionPolicy,
};

function compileValidatingAdmissionPolicy({ policy, bindings, report }: PolicyCompilation): PolicyBody {
  const { written, matchConstraints } = policy.spec;
  const list = (key: string) => ({ items: readObjects(written, key), path: `spec.${key}` });
  const paramKind = readObject(written, 'paramKind');
  const compiled = compileAdmissionPolicy({
    matchConditions: list('matchConditions'),
    variables: list('variables'),
    validations: list('validations'),
    auditAnnotations: list('auditAnnotations'),
    hasParams: paramKind !== undefined,
    hasAuthorizer: false,
    report,
  });
  const constraints = matchConstraints ?? MATCH_EVERYTHING;
  const matcher = compileConstraints(constraints);
  const bound = compileBindings(bindings, paramKind);
  return {
    rules: [createRule(policy.ref.name, compiled, bound, matcher.matches)],
    selectors: constraintSelectors(constraints, PHASES),
    concerns: (request, phase) => phase === 'validate' && matcher.concerns(request),
    needs: new Set<FactKind>(paramKind || compiled.reads('namespaceObject') ? ['resource'] : []),
  };
}

const NOT_MATCHED: RuleOutcome = Object.freeze({ results: [], effects: [] });

function createRule(
  name: string,
  compiled: CompiledAdmissionPolicy,
  bindings: readonly CompiledBinding[],
  matches: (request: EvaluationRequest) => boolean,
): CompiledRule {
  const readsNamespace = compiled.reads('namespaceObject');
  return Object.freeze({
    name,
    type: 'Validation',
    phases: PHASES,
    action: () => 'Enforce',
    evaluate: (input: RuleInput) => {
      if (input.request.payload === true || !matches(input.request)) return NOT_MATCHED;
      const attributes = toAttributes({ ...input, request: withScanner(input.request) });
      const namespace = readsNamespace ? admissionNamespace(attributes.namespace, input) : null;
      const results = bindings
        .filter((binding) => binding.matches(input.request))
        .map((binding) => judge(name, compiled, binding, { input, attributes, namespace }));
      const worst = results.find(({ status }) => status === 'fail' || status === 'error') ?? results.at(-1);
      return worst ? { results: [worst], effects: [] } : NOT_MATCHED;
    },
  } as const);
}

interface Subject {
  readonly input: RuleInput;
  readonly attributes: AdmissionAttributes;
  readonly namespace: JsonObject | null;
}

/** The worst of what its parameters say; upstream takes the last (docs/differences.md). */
function judge(
  rule: string,
  compiled: CompiledAdmissionPolicy,
  binding: CompiledBinding,
  subject: Subject,
): RuleResult {
  const params = binding.params(subject.input, subject.attributes.namespace);
  const properties = binding.name === '' ? {} : { properties: { binding: binding.name } };
  const settle = (status: RuleResult['status'], message: string): RuleResult => ({
    rule,
    type: 'Validation',
    action: 'Enforce',
    status,
    message,
    ...properties,
  });
  if (typeof params === 'string') return settle('error', params);
  let last = settle('skip', NOT_MET);
  for (const param of params) {
    const verdict = compiled.evaluate(activate(subject, param));
    last = settle(...toResult(verdict));
    if (last.status === 'fail' || last.status === 'error') return last;
  }
  return last;
}

const NOT_MET = "match conditions aren't met";

function toResult(verdict: AdmissionVerdict): readonly [RuleResult['status'], string] {
  switch (verdict.kind) {
    case 'admitted':
      return ['pass', ''];
    case 'not-matched':
      return ['skip', NOT_MET];
    case 'denied':
      return ['fail', verdict.message];
    case 'error':
      return ['error', verdict.message];
  }
}

function activate({ input, attributes, namespace }: Subject, params: Json) {
  const shown = (object: JsonObject | null) => (object === null ? null : shownObject(object, input.request));
  return {
    object: shown(attributes.object),
    oldObject: shown(attributes.oldObject),
    request: attributes.request,
    namespaceObject: namespace,
    params,
  };
}
