import type { AdmissionAttributes } from '../../api/admission-port.ts';
import type { Cluster } from '../../api/cluster.ts';
import { parseApiVersion } from '../../api/resource-definition.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { isJsonObject, objectAt, stringAt } from '../../store/json-value.ts';
import { labelsOf, selectorFromObject } from '../../store/label-selector.ts';
import { createReview } from '../webhooks/admission-review.ts';
import { matchWebhook, type RequestMatcher, type WebhookView } from '../webhooks/match-webhook.ts';
import type { AdmissionPolicy, PolicyBinding } from './admission-policy.ts';
import type { PolicyActivation } from './policy-expressions.ts';

/** The view of a request a bound policy is concerned with; undefined when it is not. */
export function matchPolicy(
  cluster: Cluster,
  policy: AdmissionPolicy,
  binding: PolicyBinding,
  attributes: AdmissionAttributes,
): WebhookView | undefined {
  const view = matchWebhook(cluster, policy.matcher, attributes);
  return view === undefined ||
    isExcluded(cluster, policy.excluded, attributes) ||
    !isBound(cluster, binding, attributes)
    ? undefined
    : view;
}

function isExcluded(cluster: Cluster, excluded: RequestMatcher | undefined, attributes: AdmissionAttributes): boolean {
  return excluded !== undefined && matchWebhook(cluster, excluded, attributes) !== undefined;
}

/** A binding without rules of its own only narrows by selectors. */
function isBound(cluster: Cluster, { matcher }: PolicyBinding, attributes: AdmissionAttributes): boolean {
  if (matcher === undefined) {
    return true;
  }
  const anything = {
    operations: ['*'],
    apiGroups: ['*'],
    apiVersions: ['*'],
    resources: ['*/*'],
    resourceNames: [],
    scope: '*',
  };
  const rules = matcher.rules.length === 0 ? [anything] : matcher.rules;
  return matchWebhook(cluster, { ...matcher, rules }, attributes) !== undefined;
}

/** What the expressions of a policy see for a request. */
export function activationOf(
  cluster: Cluster,
  attributes: AdmissionAttributes,
  view: WebhookView,
  params: JsonObject | null,
): PolicyActivation {
  const { object, oldObject, namespace, definition } = attributes;
  const request = createReview(attributes, view, undefined, 'v1').review['request'];
  const namespaceObject = definition.namespaced ? cluster.store.get('namespaces', '', namespace)?.object : undefined;
  return {
    object: object === undefined ? null : view.toView(object),
    oldObject: oldObject === undefined ? null : view.toView(oldObject),
    request: isJsonObject(request) ? request : {},
    params,
    namespaceObject: namespaceObject ?? null,
    variables: {},
  };
}

/** Variables may use those before them; one that fails is simply not there for its users. */
export function withVariables(policy: AdmissionPolicy, activation: PolicyActivation): PolicyActivation {
  let current = activation;
  for (const { name, expression } of policy.variables) {
    const result = expression(current);
    if (result.ok) {
      current = { ...current, variables: { ...current.variables, [name]: result.value } };
    }
  }
  return current;
}

/** The parameters to evaluate with: null for a policy without, `missing` when the binding denies without them. */
export function paramsOf(
  cluster: Cluster,
  attributes: AdmissionAttributes,
  policy: AdmissionPolicy,
  { paramRef }: PolicyBinding,
): (JsonObject | null | 'missing')[] {
  if (policy.paramKind === undefined || paramRef === undefined) {
    return [null];
  }
  const { group, version } = parseApiVersion(policy.paramKind.apiVersion);
  const definition = cluster.catalogue.findKind(group, version, policy.paramKind.kind);
  const namespace = definition?.namespaced ? stringAt(paramRef, 'namespace') || attributes.namespace : undefined;
  const name = stringAt(paramRef, 'name');
  const selector = selectorFromObject(objectAt(paramRef, 'selector'));
  const found = (definition === undefined ? [] : cluster.store.list(definition.storage, namespace))
    .filter((stored) => (name === '' ? selector.matches(labelsOf(stored.object)) : stored.name === name))
    .map(({ object }) => object);
  if (found.length > 0) {
    return found;
  }
  return stringAt(paramRef, 'parameterNotFoundAction') === 'Allow' ? [] : ['missing'];
}
