import {
  arrayMember,
  cloneJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  memberAt,
  setMember,
  stringMember,
} from '../json/json-value.ts';
import { defaultPullPolicy } from './image-pull-policy.ts';
import { defaultPod, defaultPodSpec } from './pod-defaults.ts';

/** Defaults whose value depends on the struct they belong to; named by `$rule:` in the table of constants. */
export const VALUE_RULES: ReadonlyMap<string, (object: JsonObject, field: string) => void> = new Map([
  [
    'imagePullPolicy',
    (object: JsonObject, field: string) => setMember(object, field, defaultPullPolicy(stringMember(object, 'image'))),
  ],
  [
    'emptyDirWhenNoSource',
    (object: JsonObject, field: string) => {
      if (Object.keys(object).every((key) => key === 'name')) setMember(object, field, {});
    },
  ],
  ['samePort', (object: JsonObject, field: string) => setMember(object, field, member(object, 'port') ?? 0)],
]);

/** Rules applied to a struct after its constants and before its children. */
export const TYPE_RULES: ReadonlyMap<string, (object: JsonObject) => void> = new Map([
  ['core.v1.PodSpec', defaultPodSpec],
  ['core.v1.ServiceSpec', defaultServiceSpec],
  ['core.v1.LimitRangeItem', defaultLimitRangeItem],
  ['core.v1.ImageVolumeSource', defaultImageVolume],
  ['core.v1.NodeStatus', defaultNodeStatus],
  ['apps.v1.DeploymentSpec', defaultDeploymentSpec],
  ['apps.v1.StatefulSetSpec', defaultStatefulSetSpec],
  ['apps.v1.DaemonSetSpec', defaultDaemonSetSpec],
  ['networking.v1.NetworkPolicySpec', defaultNetworkPolicySpec],
  ['rbac.v1.Subject', defaultSubject],
  ['autoscaling.v2.HorizontalPodAutoscalerBehavior', defaultScalingBehavior],
]);

/** Rules applied to a struct after its children. */
export const AFTER_RULES: ReadonlyMap<string, (object: JsonObject) => void> = new Map([['core.v1.Pod', defaultPod]]);

/** Rules applied to a whole object first. */
export const KIND_RULES: ReadonlyMap<string, (object: JsonObject) => void> = new Map([
  ['core.v1.Namespace', defaultNamespace],
  ['core.v1.ReplicationController', defaultReplicationController],
  ['core.v1.Secret', mergeStringData],
  ['apps.v1.StatefulSet', defaultStatefulSet],
  ['batch.v1.Job', defaultJob],
  ['apiextensions.v1.CustomResourceDefinition', defaultDefinition],
]);

function fill(object: JsonObject, field: string, value: JsonValue): void {
  const found = member(object, field);
  if (found === undefined || found === null) setMember(object, field, value);
}

function childOf(object: JsonObject, field: string): JsonObject {
  const found = member(object, field);
  if (isJsonObject(found)) return found;
  const created: JsonObject = {};
  setMember(object, field, created);
  return created;
}

function isEmpty(value: JsonValue | undefined): boolean {
  return !isJsonObject(value) || Object.keys(value).length === 0;
}

function defaultServiceSpec(spec: JsonObject): void {
  const type = stringMember(spec, 'type');
  const isExternal = type === 'NodePort' || type === 'LoadBalancer';
  if (isExternal || arrayMember(spec, 'externalIPs').length > 0) fill(spec, 'externalTrafficPolicy', 'Cluster');
  if (isExternal || type === 'ClusterIP') fill(spec, 'internalTrafficPolicy', 'Cluster');
  if (type === 'LoadBalancer') fill(spec, 'allocateLoadBalancerNodePorts', true);
  if (stringMember(spec, 'sessionAffinity') === 'ClientIP') {
    const clientIp = childOf(childOf(spec, 'sessionAffinityConfig'), 'clientIP');
    fill(clientIp, 'timeoutSeconds', 10800);
  }
}

function defaultLimitRangeItem(item: JsonObject): void {
  if (stringMember(item, 'type') !== 'Container') return;
  copyMissing(item, 'default', 'max');
  copyMissing(item, 'defaultRequest', 'default');
  copyMissing(item, 'defaultRequest', 'min');
}

function copyMissing(item: JsonObject, to: string, from: string): void {
  const source = member(item, from);
  if (!isJsonObject(source) || isEmpty(source)) return;
  const target = childOf(item, to);
  for (const key of Object.keys(source)) fill(target, key, source[key] ?? null);
}

function defaultImageVolume(source: JsonObject): void {
  if (stringMember(source, 'pullPolicy') === '') {
    setMember(source, 'pullPolicy', defaultPullPolicy(stringMember(source, 'reference')));
  }
}

function defaultNodeStatus(status: JsonObject): void {
  const capacity = member(status, 'capacity');
  if (isEmpty(member(status, 'allocatable')) && isJsonObject(capacity))
    setMember(status, 'allocatable', cloneJson(capacity));
}

function defaultDeploymentSpec(spec: JsonObject): void {
  const strategy = childOf(spec, 'strategy');
  if (stringMember(strategy, 'type') === '') setMember(strategy, 'type', 'RollingUpdate');
  if (stringMember(strategy, 'type') === 'RollingUpdate') childOf(strategy, 'rollingUpdate');
}

function defaultStatefulSetSpec(spec: JsonObject): void {
  const strategy = childOf(spec, 'updateStrategy');
  if (stringMember(strategy, 'type') !== '') return;
  setMember(strategy, 'type', 'RollingUpdate');
  childOf(strategy, 'rollingUpdate');
}

function defaultDaemonSetSpec(spec: JsonObject): void {
  const strategy = childOf(spec, 'updateStrategy');
  if (stringMember(strategy, 'type') === '') setMember(strategy, 'type', 'RollingUpdate');
  if (stringMember(strategy, 'type') === 'RollingUpdate') childOf(strategy, 'rollingUpdate');
}

/** Jobs alone have these; the template in a CronJob gets them when it becomes a Job. */
function defaultJob(job: JsonObject): void {
  const spec = childOf(job, 'spec');
  const absent = (field: string) => (member(spec, field) ?? null) === null;
  if (absent('completions') && absent('parallelism')) {
    setMember(spec, 'completions', 1);
    setMember(spec, 'parallelism', 1);
  }
  fill(spec, 'parallelism', 1);
  fill(spec, 'backoffLimit', absent('backoffLimitPerIndex') ? 6 : 2147483647);
  fill(spec, 'completionMode', 'NonIndexed');
  fill(spec, 'suspend', false);
  fill(spec, 'podReplacementPolicy', absent('podFailurePolicy') ? 'TerminatingOrFailed' : 'Failed');
  fill(spec, 'manualSelector', false);
  copyTemplateLabels(job);
}

function defaultNetworkPolicySpec(spec: JsonObject): void {
  if (arrayMember(spec, 'policyTypes').length > 0) return;
  const hasEgress = arrayMember(spec, 'egress').length > 0;
  setMember(spec, 'policyTypes', hasEgress ? ['Ingress', 'Egress'] : ['Ingress']);
}

function defaultSubject(subject: JsonObject): void {
  const kind = stringMember(subject, 'kind');
  if ((kind === 'User' || kind === 'Group') && stringMember(subject, 'apiGroup') === '') {
    setMember(subject, 'apiGroup', 'rbac.authorization.k8s.io');
  }
}

function defaultScalingBehavior(behavior: JsonObject): void {
  const up = childOf(behavior, 'scaleUp');
  fill(up, 'stabilizationWindowSeconds', 0);
  fill(up, 'selectPolicy', 'Max');
  fill(up, 'policies', [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ]);
  const down = childOf(behavior, 'scaleDown');
  fill(down, 'selectPolicy', 'Max');
  fill(down, 'policies', [{ type: 'Percent', value: 100, periodSeconds: 15 }]);
}

function defaultNamespace(namespace: JsonObject): void {
  const name = stringMember(member(namespace, 'metadata'), 'name');
  if (name === '') return;
  setMember(childOf(childOf(namespace, 'metadata'), 'labels'), 'kubernetes.io/metadata.name', name);
}

function defaultReplicationController(controller: JsonObject): void {
  const labels = memberAt(controller, 'spec', 'template', 'metadata', 'labels');
  if (!isJsonObject(labels) || isEmpty(labels)) return;
  if (isEmpty(memberAt(controller, 'spec', 'selector'))) {
    setMember(childOf(controller, 'spec'), 'selector', cloneJson(labels));
  }
  copyTemplateLabels(controller);
}

function copyTemplateLabels(object: JsonObject): void {
  const labels = memberAt(object, 'spec', 'template', 'metadata', 'labels');
  if (!isJsonObject(labels) || isEmpty(labels)) return;
  if (isEmpty(memberAt(object, 'metadata', 'labels')))
    setMember(childOf(object, 'metadata'), 'labels', cloneJson(labels));
}

/** `stringData` becomes `data` before anything else sees the Secret. */
function mergeStringData(secret: JsonObject): void {
  const texts = member(secret, 'stringData');
  if (!isJsonObject(texts)) return;
  const data = childOf(secret, 'data');
  for (const key of Object.keys(texts)) {
    const text = texts[key];
    if (typeof text === 'string') setMember(data, key, encodeUtf8(text));
  }
  delete secret['stringData'];
}

function encodeUtf8(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function defaultStatefulSet(set: JsonObject): void {
  for (const claim of arrayMember(member(set, 'spec'), 'volumeClaimTemplates')) {
    if (!isJsonObject(claim)) continue;
    fill(claim, 'apiVersion', 'v1');
    fill(claim, 'kind', 'PersistentVolumeClaim');
    fill(childOf(claim, 'status'), 'phase', 'Pending');
  }
}

function defaultDefinition(definition: JsonObject): void {
  const names = memberAt(definition, 'spec', 'names');
  if (!isJsonObject(names)) return;
  const kind = stringMember(names, 'kind');
  if (stringMember(names, 'singular') === '' && kind !== '') setMember(names, 'singular', kind.toLowerCase());
  if (stringMember(names, 'listKind') === '' && kind !== '') setMember(names, 'listKind', `${kind}List`);
}
