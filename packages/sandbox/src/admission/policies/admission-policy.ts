import type { JsonObject } from '../../store/json-value.ts';
import { objectAt, objectsAt, stringAt, stringsAt } from '../../store/json-value.ts';
import { selectorFromObject } from '../../store/label-selector.ts';
import type { RequestMatcher } from '../webhooks/match-webhook.ts';
import { ruleOf } from '../webhooks/webhook-configuration.ts';
import { compileMutationExpression, compilePolicyExpression, type PolicyExpression } from './policy-expressions.ts';

/** One check of a policy. */
export interface PolicyValidation {
  readonly text: string;
  readonly expression: PolicyExpression;
  readonly message: string;
  readonly messageExpression: PolicyExpression | undefined;
  readonly reason: string;
}

/** What validating and mutating policies have in common, compiled. */
export interface AdmissionPolicy {
  readonly name: string;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly matcher: RequestMatcher;
  readonly excluded: RequestMatcher | undefined;
  readonly conditions: readonly PolicyExpression[];
  readonly variables: readonly { readonly name: string; readonly expression: PolicyExpression }[];
  /** `apiVersion` and `kind` of parameters; undefined without parameters. */
  readonly paramKind: { readonly apiVersion: string; readonly kind: string } | undefined;
}

/** A ValidatingAdmissionPolicy, compiled. */
export interface ValidatingPolicy extends AdmissionPolicy {
  readonly validations: readonly PolicyValidation[];
}

/** One step of a MutatingAdmissionPolicy. */
export interface PolicyMutation {
  readonly type: 'ApplyConfiguration' | 'JSONPatch';
  readonly text: string;
  readonly expression: PolicyExpression;
}

/** A MutatingAdmissionPolicy, compiled. */
export interface MutatingPolicy extends AdmissionPolicy {
  readonly mutations: readonly PolicyMutation[];
}

/** A binding: where a policy applies and what a failure does. */
export interface PolicyBinding {
  readonly name: string;
  readonly policyName: string;
  readonly actions: readonly string[];
  readonly matcher: RequestMatcher | undefined;
  readonly paramRef: JsonObject | undefined;
}

/** Compiles a ValidatingAdmissionPolicy object. */
export function compileValidatingPolicy(name: string, object: JsonObject): ValidatingPolicy {
  const validations = objectsAt(objectAt(object, 'spec'), 'validations').map(compileValidation);
  return { ...compileAdmissionPolicy(name, object), validations };
}

/** Compiles a MutatingAdmissionPolicy object. */
export function compileMutatingPolicy(name: string, object: JsonObject): MutatingPolicy {
  const mutations = objectsAt(objectAt(object, 'spec'), 'mutations').map((mutation): PolicyMutation => {
    const type = stringAt(mutation, 'patchType') === 'JSONPatch' ? 'JSONPatch' : 'ApplyConfiguration';
    const text = stringAt(objectAt(mutation, type === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration'), 'expression');
    return { type, text, expression: compileMutationExpression(text) };
  });
  return { ...compileAdmissionPolicy(name, object), mutations };
}

function compileAdmissionPolicy(name: string, object: JsonObject): AdmissionPolicy {
  const spec = objectAt(object, 'spec');
  const constraints = objectAt(spec, 'matchConstraints') ?? {};
  const excludes = objectsAt(constraints, 'excludeResourceRules');
  const paramKind = objectAt(spec, 'paramKind');
  return {
    name,
    failurePolicy: stringAt(spec, 'failurePolicy') === 'Ignore' ? 'Ignore' : 'Fail',
    matcher: matcherOf(constraints, objectsAt(constraints, 'resourceRules')),
    excluded: excludes.length === 0 ? undefined : matcherOf({}, excludes),
    conditions: objectsAt(spec, 'matchConditions').map((condition) =>
      compilePolicyExpression(stringAt(condition, 'expression')),
    ),
    variables: objectsAt(spec, 'variables').map((variable) => ({
      name: stringAt(variable, 'name'),
      expression: compilePolicyExpression(stringAt(variable, 'expression')),
    })),
    paramKind:
      paramKind === undefined
        ? undefined
        : { apiVersion: stringAt(paramKind, 'apiVersion'), kind: stringAt(paramKind, 'kind') },
  };
}

/** Reads the binding of a validating or mutating policy. */
export function readPolicyBinding(name: string, object: JsonObject): PolicyBinding {
  const spec = objectAt(object, 'spec');
  const resources = objectAt(spec, 'matchResources');
  return {
    name,
    policyName: stringAt(spec, 'policyName'),
    actions: stringsAt(spec, 'validationActions'),
    matcher: resources === undefined ? undefined : matcherOf(resources, objectsAt(resources, 'resourceRules')),
    paramRef: objectAt(spec, 'paramRef'),
  };
}

function matcherOf(resources: JsonObject, rules: readonly JsonObject[]): RequestMatcher {
  return {
    rules: rules.map(ruleOf),
    namespaceSelector: selectorFromObject(objectAt(resources, 'namespaceSelector') ?? {}),
    objectSelector: selectorFromObject(objectAt(resources, 'objectSelector') ?? {}),
    matchPolicy: stringAt(resources, 'matchPolicy') === 'Exact' ? 'Exact' : 'Equivalent',
  };
}

function compileValidation(validation: JsonObject): PolicyValidation {
  const text = stringAt(validation, 'expression');
  const messageExpression = stringAt(validation, 'messageExpression');
  return {
    text,
    expression: compilePolicyExpression(text),
    message: stringAt(validation, 'message'),
    messageExpression: messageExpression === '' ? undefined : compilePolicyExpression(messageExpression),
    reason: stringAt(validation, 'reason') || 'Invalid',
  };
}
