import { type CelValue, toJson } from '@vouchsafe/cel';
import type { AdmissionAttributes } from '../../api/admission-port.ts';
import type { Cluster } from '../../api/cluster.ts';
import { typedObject } from '../../api/decode-body.ts';
import { metadataOf, withMetadata } from '../../api/object-metadata.ts';
import { apiVersionOf } from '../../api/resource-definition.ts';
import { qualifiedResource, StatusError } from '../../api/status-error.ts';
import { isSorted } from '../../api/strategy.ts';
import { JsonPatchError, runJsonPatch } from '../../schema/patch/json-patch.ts';
import type { JsonObject, JsonValue } from '../../store/json-value.ts';
import { isJsonObject, sortObjectMembers } from '../../store/json-value.ts';
import { isExempt, type WebhookView } from '../webhooks/match-webhook.ts';
import {
  compileMutatingPolicy,
  type MutatingPolicy,
  type PolicyBinding,
  type PolicyMutation,
} from './admission-policy.ts';
import { followBoundPolicies } from './bound-policies.ts';
import { activationOf, matchPolicy, paramsOf, withVariables } from './evaluate-policy.ts';

/** Applies the MutatingAdmissionPolicies of a cluster, in order of their names. */
export interface MutatingPolicyDispatcher {
  isIdle(): boolean;
  mutate(attributes: AdmissionAttributes): JsonObject | undefined;
  stop(): void;
}

class MutationError extends Error {}

/** Creates the dispatcher; policies are compiled once per change. */
export function createMutatingPolicyDispatcher(cluster: Cluster): MutatingPolicyDispatcher {
  const bound = followBoundPolicies(cluster, 'mutatingadmissionpolicy', compileMutatingPolicy);
  return {
    isIdle: () => bound.list().length === 0,
    mutate(attributes) {
      let { object } = attributes;
      if (object === undefined || isExempt(attributes)) {
        return object;
      }
      for (const { policy, binding } of bound.list()) {
        object = mutateOnce(cluster, { ...attributes, object }, policy, binding, object);
      }
      return object;
    },
    stop: bound.stop,
  };
}

/** All mutations of one bound policy; a failing one leaves the object as it was, or refuses the request. */
function mutateOnce(
  cluster: Cluster,
  attributes: AdmissionAttributes,
  policy: MutatingPolicy,
  binding: PolicyBinding,
  object: JsonObject,
): JsonObject {
  const view = matchPolicy(cluster, policy, binding, attributes);
  if (view === undefined) {
    return object;
  }
  try {
    let current = object;
    for (const params of paramsOf(cluster, attributes, policy, binding)) {
      if (params === 'missing') {
        throw new MutationError('no params found for policy binding with `Deny` parameterNotFoundAction');
      }
      current = applyMutations(cluster, { ...attributes, object: current }, policy, view, params, current);
    }
    return current;
  } catch (error) {
    if (!(error instanceof MutationError) && !(error instanceof StatusError) && !(error instanceof JsonPatchError)) {
      throw error;
    }
    if (policy.failurePolicy === 'Ignore') {
      return object;
    }
    throw refusal(attributes, policy, binding, error.message);
  }
}

function refusal(
  { definition, name }: AdmissionAttributes,
  policy: MutatingPolicy,
  binding: PolicyBinding,
  message: string,
): StatusError {
  const text = `MutatingAdmissionPolicy '${policy.name}' with binding '${binding.name}' denied request: ${message}`;
  return new StatusError({
    code: 422,
    message: `${qualifiedResource(definition)} ${JSON.stringify(name)} is forbidden: ${text}`,
    reason: 'Invalid',
    details: {
      ...(name === '' ? {} : { name }),
      ...(definition.group === '' ? {} : { group: definition.group }),
      kind: definition.plural,
      causes: [{ message: text }],
    },
  });
}

function applyMutations(
  cluster: Cluster,
  attributes: AdmissionAttributes,
  policy: MutatingPolicy,
  view: WebhookView,
  params: JsonObject | null,
  object: JsonObject,
): JsonObject {
  let current = object;
  for (const condition of policy.conditions) {
    const result = condition(activationOf(cluster, attributes, view, params));
    if (!result.ok) {
      throw new MutationError(result.message);
    }
    if (result.value !== true) {
      return object;
    }
  }
  for (const mutation of policy.mutations) {
    const activation = activationOf(cluster, { ...attributes, object: current }, view, params);
    const result = mutation.expression(withVariables(policy, activation));
    if (!result.ok) {
      throw new MutationError(`expression '${mutation.text}' resulted in error: ${result.message}`);
    }
    current = view.fromView(applyMutation(cluster, view, mutation, result.value, view.toView(current)));
  }
  return current;
}

function applyMutation(
  cluster: Cluster,
  view: WebhookView,
  mutation: PolicyMutation,
  value: CelValue,
  object: JsonObject,
): JsonObject {
  // The value comes out of an evaluation over JSON, so its JSON form is JSON.
  const result = toJson(value) as JsonValue;
  const changed = mutation.type === 'JSONPatch' ? patched(object, result) : applied(cluster, view, object, result);
  return isSorted(view.definition) ? sortObjectMembers(changed) : typedObject(cluster, view.kind, changed);
}

function patched(object: JsonObject, operations: JsonValue): JsonObject {
  if (!Array.isArray(operations) || !operations.every(isJsonObject)) {
    throw new MutationError('a JSONPatch expression must give a list of JSONPatch objects');
  }
  return runJsonPatch(object, operations.filter(isJsonObject));
}

/** Merged by the schema's list and map types; what it sets is owned by nobody, as on the real server. */
function applied(cluster: Cluster, view: WebhookView, object: JsonObject, configuration: JsonValue): JsonObject {
  if (!isJsonObject(configuration)) {
    throw new MutationError('an ApplyConfiguration expression must give an Object');
  }
  const merged = cluster.schema.serverSideApply({
    live: object,
    config: { ...configuration, apiVersion: apiVersionOf(view.kind), kind: view.kind.kind },
    kind: view.kind,
    schema: view.definition.custom?.openApiSchema,
    manager: 'mutating-admission-policy',
    force: true,
    subresource: '',
    now: cluster.now(),
  });
  const managedFields = metadataOf(object)['managedFields'];
  return withMetadata(merged, { managedFields }, isSorted(view.definition));
}
