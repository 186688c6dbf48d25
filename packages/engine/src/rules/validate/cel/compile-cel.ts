import { createAuthorizer } from '@vouchsafe/cel';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import { memberAt } from '../../../kernel/json.ts';
import { type AdmissionAttributes, toActivation, toAttributes } from '../../../lang/cel/admission-attributes.ts';
import {
  type AdmissionVerdict,
  type CompiledAdmissionPolicy,
  compileAdmissionPolicy,
} from '../../../lang/cel/admission-policy.ts';
import { authorizerHost } from '../../../lang/cel/authorizer-host.ts';
import { namespaceObject } from '../../../lang/cel/namespace-object.ts';
import { compileParams, type ParamLookup } from '../../../match/policy-params.ts';
import type { RuleInput } from '../../../model/compiled-policy.ts';
import { readObject, readObjects, readText } from '../../../model/read-json.ts';
import type { RuleBodyOutcome, RuleCompilation, RuleEvaluation } from '../../rule-kind.ts';

interface CelRule {
  readonly policy: CompiledAdmissionPolicy;
  readonly params: ParamLookup | undefined;
  readonly readsNamespace: boolean;
  readonly readsAuthorizer: boolean;
  readonly pass: RuleBodyOutcome;
}

const NOT_MET: RuleBodyOutcome = Object.freeze({ status: 'skip', message: 'cel preconditions not met' });

export interface CelCheck {
  readonly evaluate: (evaluation: RuleEvaluation) => RuleBodyOutcome | undefined;
  /** The short way, where the world is never asked. */
  readonly passes?: (input: RuleInput) => RuleBodyOutcome | undefined;
}

/** `validate.cel`: evaluated as a ValidatingAdmissionPolicy is (kyverno-core §2.9, kyverno-cel §10). */
export function compileCelCheck(block: JsonObject, { policy, rule, report }: RuleCompilation): CelCheck {
  // The API server evaluates the policy that was made of it.
  if (memberAt(policy.document, 'status', 'validatingadmissionpolicy', 'generated') === true) {
    return { evaluate: () => undefined };
  }
  const path = `${rule.path}.validate.cel`;
  const list = (key: string) => ({ items: readObjects(block, key), path: `${path}.${key}` });
  const paramKind = readObject(block, 'paramKind');
  const compiled = compileAdmissionPolicy({
    matchConditions: { items: rule.celPreconditions, path: `${rule.path}.celPreconditions` },
    variables: list('variables'),
    validations: list('expressions'),
    auditAnnotations: list('auditAnnotations'),
    message: readText(rule.validate, 'message') ?? '',
    hasParams: paramKind !== undefined,
    hasAuthorizer: true,
    report,
  });
  const celRule: CelRule = {
    policy: compiled,
    params: paramKind && compileParams(paramKind, readObject(block, 'paramRef') ?? {}),
    readsNamespace: compiled.reads('namespaceObject'),
    readsAuthorizer: compiled.reads('authorizer'),
    pass: Object.freeze({ status: 'pass', message: `Validation rule '${rule.name}' passed.` }),
  };
  const evaluate = ({ input }: RuleEvaluation): RuleBodyOutcome => judge(celRule, input);
  if (celRule.params || celRule.readsNamespace || celRule.readsAuthorizer) return { evaluate };
  return {
    evaluate,
    passes: (input) => {
      const outcome = judge(celRule, input);
      return outcome === celRule.pass ? outcome : undefined;
    },
  };
}

function judge(rule: CelRule, input: RuleInput): RuleBodyOutcome {
  const attributes = toAttributes(input);
  const namespace = rule.readsNamespace ? namespaceObject(attributes.namespace, input) : null;
  if (typeof namespace === 'string') {
    return { status: 'error', message: `Error getting the resource's namespace: ${namespace}` };
  }
  if (rule.params === undefined) return toOutcome(evaluate(rule, attributes, input, namespace, null)) ?? rule.pass;
  const params = rule.params(attributes.namespace, input.facts);
  if (typeof params === 'string') return { status: 'error', message: `error in parameterized resource: ${params}` };
  for (const param of params) {
    const outcome = toOutcome(evaluate(rule, attributes, input, namespace, param));
    if (outcome) return outcome;
  }
  return rule.pass;
}

function evaluate(
  rule: CelRule,
  attributes: AdmissionAttributes,
  input: RuleInput,
  namespace: JsonObject | null,
  params: Json,
): AdmissionVerdict {
  const activation = {
    ...toActivation(attributes),
    namespaceObject: namespace,
    params,
    ...(rule.readsAuthorizer ? { authorizer: createAuthorizer() } : {}),
  };
  return rule.policy.evaluate(activation, rule.readsAuthorizer ? authorizerHost(input) : undefined);
}

/** What cannot be evaluated fails: the failurePolicy of these rules is always Fail, as upstream. */
function toOutcome(verdict: AdmissionVerdict): RuleBodyOutcome | undefined {
  switch (verdict.kind) {
    case 'admitted':
      return undefined;
    case 'not-matched':
      return NOT_MET;
    case 'denied':
    case 'error':
      return { status: 'fail', message: verdict.message };
  }
}
