import type { AdmissionAttributes } from '../../api/admission-port.ts';
import type { Cluster } from '../../api/cluster.ts';
import { qualifiedResource, StatusError } from '../../api/status-error.ts';
import { isExempt } from '../webhooks/match-webhook.ts';
import type { PolicyBinding, PolicyValidation, ValidatingPolicy } from './admission-policy.ts';
import { compileValidatingPolicy } from './admission-policy.ts';
import { followBoundPolicies } from './bound-policies.ts';
import { activationOf, matchPolicy, paramsOf, withVariables } from './evaluate-policy.ts';
import type { PolicyActivation } from './policy-expressions.ts';

const CODES: ReadonlyMap<string, number> = new Map([
  ['Unauthorized', 401],
  ['Forbidden', 403],
  ['RequestEntityTooLarge', 413],
]);

/** Evaluates the ValidatingAdmissionPolicies of a cluster. */
export interface ValidatingPolicyDispatcher {
  isIdle(): boolean;
  /** Throws the first denial; warnings of all policies are given either way. */
  validate(attributes: AdmissionAttributes): void;
  stop(): void;
}

interface Failure {
  readonly message: string;
  readonly reason: string;
}

/** Creates the dispatcher; policies are compiled once per change. */
export function createValidatingPolicyDispatcher(cluster: Cluster): ValidatingPolicyDispatcher {
  const bound = followBoundPolicies(cluster, 'validatingadmissionpolicy', compileValidatingPolicy);
  return {
    isIdle: () => bound.list().length === 0,
    validate(attributes) {
      if (isExempt(attributes)) {
        return;
      }
      let denial: StatusError | undefined;
      for (const { policy, binding } of bound.list()) {
        for (const failure of failuresOf(cluster, attributes, policy, binding)) {
          const next = act(attributes, policy, binding, failure);
          denial ??= next;
        }
      }
      if (denial !== undefined) {
        throw denial;
      }
    },
    stop: bound.stop,
  };
}

/** Carries a failure out; gives the denial when the binding asks for one. */
function act(
  attributes: AdmissionAttributes,
  policy: ValidatingPolicy,
  binding: PolicyBinding,
  { message, reason }: Failure,
): StatusError | undefined {
  const source = `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}'`;
  if (binding.actions.includes('Warn')) {
    attributes.warn(`Validation failed for ${source}: ${message}`);
  }
  if (!binding.actions.includes('Deny')) {
    return undefined;
  }
  const { definition, name } = attributes;
  const text = `${source} denied request: ${message}`;
  return new StatusError({
    code: CODES.get(reason) ?? 422,
    message: `${qualifiedResource(definition)} ${JSON.stringify(name)} is forbidden: ${text}`,
    reason,
    details: {
      ...(name === '' ? {} : { name }),
      ...(definition.group === '' ? {} : { group: definition.group }),
      kind: definition.plural,
      causes: [{ message: text }],
    },
  });
}

function failuresOf(
  cluster: Cluster,
  attributes: AdmissionAttributes,
  policy: ValidatingPolicy,
  binding: PolicyBinding,
): Failure[] {
  const view = matchPolicy(cluster, policy, binding, attributes);
  if (view === undefined) {
    return [];
  }
  const failures: Failure[] = [];
  for (const params of paramsOf(cluster, attributes, policy, binding)) {
    const failure =
      params === 'missing'
        ? errorFailure(
            policy,
            'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
          )
        : firstFailure(policy, activationOf(cluster, attributes, view, params));
    if (failure !== undefined) {
      failures.push(failure);
    }
  }
  return failures;
}

/** The first validation that fails; undefined when the object passes or the conditions leave it out. */
function firstFailure(policy: ValidatingPolicy, activation: PolicyActivation): Failure | undefined {
  for (const condition of policy.conditions) {
    const result = condition(activation);
    if (!result.ok) {
      return errorFailure(policy, result.message);
    }
    if (result.value !== true) {
      return undefined;
    }
  }
  const full = withVariables(policy, activation);
  for (const validation of policy.validations) {
    const result = validation.expression(full);
    if (!result.ok) {
      const failure = errorFailure(policy, `expression '${validation.text}' resulted in error: ${result.message}`);
      if (failure !== undefined) {
        return failure;
      }
    } else if (result.value !== true) {
      return { message: messageOf(validation, full), reason: validation.reason };
    }
  }
  return undefined;
}

function errorFailure(policy: ValidatingPolicy, message: string): Failure | undefined {
  return policy.failurePolicy === 'Ignore' ? undefined : { message, reason: 'Invalid' };
}

function messageOf(validation: PolicyValidation, activation: PolicyActivation): string {
  const made = validation.messageExpression?.(activation);
  if (made?.ok === true && typeof made.value === 'string' && made.value.trim() !== '') {
    return made.value;
  }
  return validation.message === '' ? `failed expression: ${validation.text}` : validation.message;
}
