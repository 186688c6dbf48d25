import { compileExcludedUsers, compileResourceFilters, type EvaluationRequest } from '@vouchsafe/engine';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';

/** What the ConfigMap `kyverno` says, read once a change (kyverno-core §4.5). */
export interface ClusterConfiguration {
  /** No rule looks at the request: filtered resources and excluded users. */
  readonly isExcluded: (request: EvaluationRequest) => boolean;
  readonly webhookNamespaceSelector: JsonObject | undefined;
  readonly webhookObjectSelector: JsonObject | undefined;
  readonly webhookLabels: Readonly<Record<string, string>>;
  readonly webhookAnnotations: Readonly<Record<string, string>>;
  readonly matchConditions: readonly JsonObject[];
  readonly defaultRegistry: string;
  readonly enableDefaultRegistryMutation: boolean;
  /** Whether a success of this action is told by an event; absent when none is (`generateSuccessEvents`). */
  readonly tellsSuccess: ((action: string) => boolean) | undefined;
  /** Keys whose values could not be read; the default holds for each. */
  readonly problems: readonly string[];
}

/** Namespaces that must work for the cluster to come back to life, and our own. */
export function protectedNamespaces(ownNamespace: string): readonly string[] {
  return ['kube-system', 'kube-public', 'kube-node-lease', ownNamespace];
}

/** The data of the ConfigMap that is made when there is none: it shows what is excluded. */
export function defaultConfigurationData(ownNamespace: string): Readonly<Record<string, string>> {
  const namespaces = protectedNamespaces(ownNamespace);
  const kinds = [
    'Event',
    'Node',
    'Node/?*',
    'APIService',
    'APIService/?*',
    'TokenReview',
    'SubjectAccessReview',
    'SelfSubjectAccessReview',
    'Binding',
    'Pod/binding',
    'ReplicaSet',
    'ReplicaSet/?*',
    'EphemeralReport',
    'ClusterEphemeralReport',
  ];
  return {
    resourceFilters: [
      ...namespaces.map((namespace) => `[*/*,${namespace},*]`),
      ...kinds.map((kind) => `[${kind},*,*]`),
    ].join('\n'),
    excludeGroups: 'system:nodes',
    defaultRegistry: 'docker.io',
    enableDefaultRegistryMutation: 'true',
    generateSuccessEvents: 'false',
    webhooks: JSON.stringify({
      namespaceSelector: {
        matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: namespaces }],
      },
    }),
    webhookAnnotations: JSON.stringify({ 'admissions.enforcer/disabled': 'true' }),
  };
}

/** Reads the ConfigMap's data. A value that cannot be read is named in `problems`, and its default holds. */
export function parseClusterConfiguration(
  data: Readonly<Record<string, string>>,
  ownNamespace: string,
): ClusterConfiguration {
  const defaults = defaultConfigurationData(ownNamespace);
  const problems: string[] = [];
  const json = <Shape extends Json>(key: string, isRight: (value: Json) => value is Shape): Shape | undefined => {
    const text = data[key];
    if (text === undefined || text.trim() === '') return undefined;
    try {
      const value: Json = JSON.parse(text);
      if (isRight(value)) return value;
    } catch {
      // told below
    }
    problems.push(key);
    return undefined;
  };
  const isFiltered = compileResourceFilters(data['resourceFilters'] ?? '');
  const isUserExcluded = compileExcludedUsers({
    excludeUsernames: data['excludeUsernames'] ?? '',
    excludeGroups: data['excludeGroups'] ?? '',
    excludeRoles: data['excludeRoles'] ?? '',
    excludeClusterRoles: data['excludeClusterRoles'] ?? '',
  });
  const webhooks = json('webhooks', isJsonObject) ?? objectOf(JSON.parse(defaults['webhooks'] ?? '{}')) ?? {};
  return {
    isExcluded: (request) => isFiltered(request) || isUserExcluded(request),
    webhookNamespaceSelector: objectOf(member(webhooks, 'namespaceSelector')),
    webhookObjectSelector: objectOf(member(webhooks, 'objectSelector')),
    webhookLabels: json('webhookLabels', isTextMap) ?? {},
    webhookAnnotations: json('webhookAnnotations', isTextMap) ?? {},
    matchConditions: json('matchConditions', isObjectList) ?? [],
    defaultRegistry: data['defaultRegistry'] || 'docker.io',
    enableDefaultRegistryMutation: data['enableDefaultRegistryMutation'] !== 'false',
    tellsSuccess:
      data['generateSuccessEvents'] === 'true' ? compileSuccessActions(data['successEventActions'] ?? '') : undefined,
    problems,
  };
}

/** Actions by commas; without any all are told. */
function compileSuccessActions(text: string): (action: string) => boolean {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return (action) => names.length === 0 || names.includes(action);
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

function isTextMap(value: Json): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isObjectList(value: Json): value is readonly JsonObject[] {
  return isJsonArray(value) && value.every(isJsonObject);
}
