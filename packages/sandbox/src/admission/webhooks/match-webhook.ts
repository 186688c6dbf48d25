import type { AdmissionAttributes } from '../../api/admission-port.ts';
import type { Cluster } from '../../api/cluster.ts';
import { toRequestVersion, toStorageVersion } from '../../api/convert.ts';
import type { GroupVersionKind, ResourceDefinition } from '../../api/resource-definition.ts';
import type { JsonObject } from '../../store/json-value.ts';
import type { LabelSelector } from '../../store/label-selector.ts';
import { labelsOf } from '../../store/label-selector.ts';
import type { WebhookRule } from './webhook-configuration.ts';

/** What decides whether a webhook or policy is concerned. */
export interface RequestMatcher {
  readonly rules: readonly WebhookRule[];
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly matchPolicy: 'Exact' | 'Equivalent';
}

/** How a matching webhook sees the request: possibly in another version of the resource. */
export interface WebhookView {
  readonly definition: ResourceDefinition;
  readonly kind: GroupVersionKind;
  readonly toView: (object: JsonObject) => JsonObject;
  readonly fromView: (object: JsonObject) => JsonObject;
}

const EXEMPT_KINDS = new Set([
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
]);

/** Objects that configure admission are never sent to admission: a broken webhook must stay removable. */
export function isExempt({ definition }: AdmissionAttributes): boolean {
  return definition.group === 'admissionregistration.k8s.io' && EXEMPT_KINDS.has(definition.plural);
}

/** The view of the first rule that matches, or undefined when the webhook is not concerned. */
export function matchWebhook(
  cluster: Cluster,
  webhook: RequestMatcher,
  attributes: AdmissionAttributes,
): WebhookView | undefined {
  if (!matchesNamespace(cluster, webhook, attributes) || !matchesObject(webhook, attributes)) {
    return undefined;
  }
  const exact = attributes.definition;
  if (webhook.rules.some((rule) => matchesRule(rule, attributes, exact))) {
    return sameView(attributes);
  }
  if (webhook.matchPolicy === 'Exact') {
    return undefined;
  }
  const others = cluster.catalogue.ofStorage(exact.storage).filter((candidate) => candidate !== exact);
  for (const rule of webhook.rules) {
    const equivalent = others.find((candidate) => matchesRule(rule, attributes, candidate));
    if (equivalent !== undefined) {
      return convertedView(attributes, equivalent);
    }
  }
  return undefined;
}

function sameView(attributes: AdmissionAttributes): WebhookView {
  const same = (object: JsonObject): JsonObject => object;
  return { definition: attributes.definition, kind: attributes.kind, toView: same, fromView: same };
}

function convertedView(attributes: AdmissionAttributes, other: ResourceDefinition): WebhookView {
  const { definition } = attributes;
  // Objects of subresources such as Scale have a kind of their own that does not change with the version.
  if (attributes.kind.kind !== definition.kind) {
    return { ...sameView(attributes), definition: other };
  }
  return {
    definition: other,
    kind: { group: other.group, version: other.version, kind: other.kind },
    toView: (object) => toRequestVersion(other, toStorageVersion(definition, object)),
    fromView: (object) => toRequestVersion(definition, toStorageVersion(other, object)),
  };
}

/** Namespaces themselves are selected by their own labels; other cluster-scoped objects always match. */
function matchesNamespace(cluster: Cluster, webhook: RequestMatcher, attributes: AdmissionAttributes): boolean {
  const { namespaceSelector } = webhook;
  if (namespaceSelector.everything) {
    return true;
  }
  const { definition } = attributes;
  if (definition.storage === 'namespaces' && attributes.subresource === '') {
    const object = attributes.object ?? attributes.oldObject ?? {};
    return namespaceSelector.matches(labelsOf(object));
  }
  if (!definition.namespaced) {
    return true;
  }
  const namespace = cluster.store.get('namespaces', '', attributes.namespace);
  return namespaceSelector.matches(namespace === undefined ? undefined : labelsOf(namespace.object));
}

function matchesObject({ objectSelector }: RequestMatcher, { object, oldObject }: AdmissionAttributes): boolean {
  if (objectSelector.everything) {
    return true;
  }
  const matches = (candidate: JsonObject | undefined): boolean =>
    candidate?.['metadata'] !== undefined && objectSelector.matches(labelsOf(candidate));
  return matches(object) || matches(oldObject);
}

function matchesRule(rule: WebhookRule, attributes: AdmissionAttributes, definition: ResourceDefinition): boolean {
  return (
    includes(rule.operations, attributes.operation) &&
    includes(rule.apiGroups, definition.group) &&
    includes(rule.apiVersions, definition.version) &&
    matchesScope(rule.scope, definition) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(attributes.name)) &&
    rule.resources.some((resource) => matchesResource(resource, definition.plural, attributes.subresource))
  );
}

function includes(list: readonly string[], item: string): boolean {
  return list.includes('*') || list.includes(item);
}

function matchesScope(scope: string, { namespaced }: ResourceDefinition): boolean {
  return scope === '*' || (scope === 'Namespaced') === namespaced;
}

// A resource may be `pods`, `pods/status`, `pods/*` or `*`, and any plural with a part.
function matchesResource(resource: string, plural: string, subresource: string): boolean {
  const slash = resource.indexOf('/');
  const wantedPlural = slash < 0 ? resource : resource.slice(0, slash);
  const wantedPart = slash < 0 ? '' : resource.slice(slash + 1);
  return (wantedPlural === '*' || wantedPlural === plural) && (wantedPart === '*' || wantedPart === subresource);
}
