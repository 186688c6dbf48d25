import { isJsonObject, type JsonValue, member, memberAt, stringMember } from '../json/json-value.ts';
import { ageOf, humanDuration } from './age.ts';
import type { Cell, CellPrinter, CellReader } from './cell-reader.ts';
import { hasAnnotation } from './network-cells.ts';
import { formatSelector } from './selector-text.ts';

/** Rows of everything that is neither a workload nor a network object. */
export const CLUSTER_CELLS: Readonly<Record<string, CellPrinter>> = {
  namespaces: (namespace) => [namespace.name, namespace.text('status.phase'), namespace.age],
  nodes: nodeCells,
  events: eventCells,
  'events.events.k8s.io': eventCells,
  configmaps: (map) => [map.name, size(map.value('data')) + size(map.value('binaryData')), map.age],
  secrets: (secret) => [secret.name, secret.text('type'), size(secret.value('data')), secret.age],
  serviceaccounts: (account) => [account.name, account.age],
  persistentvolumes: volumeCells,
  persistentvolumeclaims: claimCells,
  resourcequotas: quotaCells,
  'horizontalpodautoscalers.autoscaling': (scaler) => [
    scaler.name,
    `${scaler.text('spec.scaleTargetRef.kind')}/${scaler.text('spec.scaleTargetRef.name')}`,
    metricsText(scaler),
    String(scaler.value('spec.minReplicas') ?? '<unset>'),
    scaler.number('spec.maxReplicas'),
    scaler.number('status.currentReplicas'),
    scaler.age,
  ],
  'rolebindings.rbac.authorization.k8s.io': bindingCells,
  'clusterrolebindings.rbac.authorization.k8s.io': bindingCells,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookCells,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookCells,
  'validatingadmissionpolicies.admissionregistration.k8s.io': (policy) => policyCells(policy, 'spec.validations'),
  'mutatingadmissionpolicies.admissionregistration.k8s.io': (policy) => policyCells(policy, 'spec.mutations'),
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingCells,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': policyBindingCells,
  'certificatesigningrequests.certificates.k8s.io': (request) => [
    request.name,
    request.age,
    request.text('spec.signerName', '<none>'),
    request.text('spec.username'),
    request.value('spec.expirationSeconds') === undefined
      ? '<none>'
      : humanDuration(request.number('spec.expirationSeconds') * 1000),
    requestStatus(request),
  ],
  'leases.coordination.k8s.io': (lease) => [lease.name, lease.text('spec.holderIdentity'), lease.age],
  'storageclasses.storage.k8s.io': (storageClass) => [
    `${storageClass.name}${hasAnnotation(storageClass, 'storageclass.kubernetes.io/is-default-class') ? ' (default)' : ''}`,
    storageClass.text('provisioner'),
    storageClass.text('reclaimPolicy', 'Delete'),
    storageClass.text('volumeBindingMode', 'Immediate'),
    storageClass.flag('allowVolumeExpansion'),
    storageClass.age,
  ],
  'volumeattributesclasses.storage.k8s.io': (attributes) => [
    attributes.name,
    attributes.text('driverName'),
    attributes.age,
  ],
  'csinodes.storage.k8s.io': (node) => [node.name, node.list('spec.drivers').length, node.age],
  'priorityclasses.scheduling.k8s.io': (priority) => [
    priority.name,
    priority.number('value'),
    priority.flag('globalDefault'),
    priority.age,
    priority.text('preemptionPolicy'),
  ],
  'runtimeclasses.node.k8s.io': (runtime) => [runtime.name, runtime.text('handler'), runtime.age],
  'apiservices.apiregistration.k8s.io': (service) => [
    service.name,
    isJsonObject(service.value('spec.service'))
      ? `${service.text('spec.service.namespace')}/${service.text('spec.service.name')}`
      : 'Local',
    availability(service),
    service.age,
  ],
};

function size(value: JsonValue | undefined): number {
  return isJsonObject(value) ? Object.keys(value).length : 0;
}

const ROLE_LABEL = 'node-role.kubernetes.io/';

function nodeCells(node: CellReader): Cell[] {
  const ready = node.list('status.conditions').find((condition) => member(condition, 'type') === 'Ready');
  const status = ready === undefined ? 'Unknown' : member(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  const labels = node.value('metadata.labels');
  const roles = Object.keys(isJsonObject(labels) ? labels : {})
    .map((label) =>
      label.startsWith(ROLE_LABEL)
        ? label.slice(ROLE_LABEL.length)
        : label === 'kubernetes.io/role'
          ? stringMember(labels, label)
          : '',
    )
    .filter((role) => role !== '')
    .sort();
  const architecture = node.text('status.nodeInfo.architecture');
  const kernel = node.text('status.nodeInfo.kernelVersion', '<unknown>');
  return [
    node.name,
    node.flag('spec.unschedulable') ? `${status},SchedulingDisabled` : status,
    roles.join(',') || '<none>',
    node.age,
    node.text('status.nodeInfo.kubeletVersion'),
    addressOf(node, 'InternalIP'),
    addressOf(node, 'ExternalIP'),
    node.text('status.nodeInfo.osImage', '<unknown>'),
    architecture === '' ? kernel : `${kernel} (${architecture})`,
    node.text('status.nodeInfo.containerRuntimeVersion', '<unknown>'),
  ];
}

function addressOf(node: CellReader, type: string): string {
  const found = node.list('status.addresses').find((address) => member(address, 'type') === type);
  return stringMember(found, 'address') || '<none>';
}

/** Events come as core `v1` or `events.k8s.io/v1`; the second names the same facts otherwise. */
function eventCells(event: CellReader): Cell[] {
  const either = (path: string, other: string) => event.text(path) || event.text(other);
  const firstTime = either('firstTimestamp', 'deprecatedFirstTimestamp') || event.text('eventTime');
  const lastTime =
    event.text('series.lastObservedTime') || either('lastTimestamp', 'deprecatedLastTimestamp') || firstTime;
  const kind = either('involvedObject.kind', 'regarding.kind').toLowerCase();
  const name = either('involvedObject.name', 'regarding.name');
  const component =
    either('source.component', 'deprecatedSource.component') || either('reportingComponent', 'reportingController');
  const instance = either('source.host', 'deprecatedSource.host') || event.text('reportingInstance');
  const count = event.number('series.count') || event.number('count') || event.number('deprecatedCount') || 1;
  return [
    ageOf(lastTime, event.now),
    event.text('type'),
    event.text('reason'),
    name === '' ? kind : `${kind}/${name}`,
    either('involvedObject.fieldPath', 'regarding.fieldPath'),
    instance === '' ? component : `${component}, ${instance}`,
    either('message', 'note').trim(),
    ageOf(firstTime, event.now),
    count,
    event.name,
  ];
}

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModes(modes: readonly JsonValue[]): string {
  const given = new Set(modes);
  return Object.keys(ACCESS_MODES)
    .filter((mode) => given.has(mode))
    .map((mode) => ACCESS_MODES[mode])
    .join(',');
}

function volumeCells(volume: CellReader): Cell[] {
  const claim = volume.value('spec.claimRef');
  return [
    volume.name,
    volume.text('spec.capacity.storage', '0'),
    accessModes(volume.list('spec.accessModes')),
    volume.text('spec.persistentVolumeReclaimPolicy'),
    volume.isTerminating ? 'Terminating' : volume.text('status.phase'),
    isJsonObject(claim) ? `${stringMember(claim, 'namespace')}/${stringMember(claim, 'name')}` : '',
    volume.text('spec.storageClassName'),
    volume.text('spec.volumeAttributesClassName', '<unset>'),
    volume.text('status.reason'),
    volume.age,
    volume.text('spec.volumeMode', '<unset>'),
  ];
}

function claimCells(claim: CellReader): Cell[] {
  const isBound = claim.text('spec.volumeName') !== '';
  return [
    claim.name,
    claim.isTerminating ? 'Terminating' : claim.text('status.phase'),
    claim.text('spec.volumeName'),
    isBound ? claim.text('status.capacity.storage', '0') : '',
    isBound ? accessModes(claim.list('status.accessModes')) : '',
    claim.text('spec.storageClassName'),
    claim.text('spec.volumeAttributesClassName', '<unset>'),
    claim.age,
    claim.text('spec.volumeMode', '<unset>'),
  ];
}

function quotaCells(quota: CellReader): Cell[] {
  const hard = quota.value('status.hard');
  const used = quota.value('status.used');
  const limits: string[] = [];
  const requests: string[] = [];
  for (const resource of Object.keys(isJsonObject(hard) ? hard : {}).sort()) {
    const text = `${resource}: ${member(used, resource) ?? '0'}/${member(hard, resource) ?? '0'}`;
    (resource.startsWith('limits.') ? limits : requests).push(text);
  }
  return [quota.name, requests.join(', '), limits.join(', '), quota.age];
}

function metricsText(scaler: CellReader): string {
  const specs = scaler.list('spec.metrics');
  const current = scaler.list('status.currentMetrics');
  if (specs.length === 0) return legacyMetricsText(scaler);
  const texts = specs.map((spec, index) => metricText(spec, current[index]));
  return texts.length > 2 ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...` : texts.join(', ');
}

/** `autoscaling/v1` knows one target. */
function legacyMetricsText(scaler: CellReader): string {
  const target = scaler.value('spec.targetCPUUtilizationPercentage');
  if (typeof target !== 'number') return '<none>';
  const current = scaler.value('status.currentCPUUtilizationPercentage');
  return `cpu: ${typeof current === 'number' ? `${current}%` : '<unknown>'}/${target}%`;
}

function metricText(spec: JsonValue, status: JsonValue | undefined): string {
  const type = stringMember(spec, 'type');
  const field = `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
  const target = memberAt(spec, field, 'target');
  const current = memberAt(status, field, 'current');
  const average = member(target, 'averageValue');
  const resource = stringMember(member(spec, field), 'name');
  if (type === 'Resource' || type === 'ContainerResource') {
    if (average !== undefined) return `${resource}: ${member(current, 'averageValue') ?? '<unknown>'}/${average}`;
    return `${resource}: ${percent(member(current, 'averageUtilization'), '<unknown>')}/${percent(member(target, 'averageUtilization'), '<auto>')}`;
  }
  if (type === 'Pods') return `${member(current, 'averageValue') ?? '<unknown>'}/${average ?? '0'}`;
  if (type !== 'Object' && type !== 'External') return '<unknown type>';
  if (average !== undefined) return `${member(current, 'averageValue') ?? '<unknown>'}/${average} (avg)`;
  return `${member(current, 'value') ?? '<unknown>'}/${member(target, 'value') ?? '0'}`;
}

function percent(value: JsonValue | undefined, otherwise: string): string {
  return typeof value === 'number' ? `${value}%` : otherwise;
}

function bindingCells(binding: CellReader): Cell[] {
  const subjects = binding.list('subjects');
  const named = (kind: string) => subjects.filter((subject) => member(subject, 'kind') === kind);
  const names = (kind: string) =>
    named(kind)
      .map((subject) => stringMember(subject, 'name'))
      .join(', ');
  const accounts = named('ServiceAccount').map(
    (subject) => `${stringMember(subject, 'namespace')}/${stringMember(subject, 'name')}`,
  );
  return [
    binding.name,
    `${binding.text('roleRef.kind')}/${binding.text('roleRef.name')}`,
    binding.age,
    names('User'),
    names('Group'),
    accounts.join(', '),
  ];
}

function webhookCells(configuration: CellReader): Cell[] {
  return [configuration.name, configuration.list('webhooks').length, configuration.age];
}

function policyCells(policy: CellReader, path: string): Cell[] {
  const paramKind = policy.value('spec.paramKind');
  return [
    policy.name,
    policy.list(path).length,
    isJsonObject(paramKind) ? `${stringMember(paramKind, 'apiVersion')}/${stringMember(paramKind, 'kind')}` : '<unset>',
    policy.age,
  ];
}

function policyBindingCells(binding: CellReader): Cell[] {
  const reference = binding.value('spec.paramRef');
  const name = stringMember(reference, 'name');
  let parameter = '<unset>';
  if (name !== '') parameter = `${stringMember(reference, 'namespace') || '*'}/${name}`;
  else if (isJsonObject(member(reference, 'selector'))) parameter = formatSelector(member(reference, 'selector'));
  return [binding.name, binding.text('spec.policyName'), parameter, binding.age];
}

function requestStatus(request: CellReader): string {
  const types = new Set(request.list('status.conditions').map((condition) => stringMember(condition, 'type')));
  const decision = types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending';
  const failed = types.has('Failed') ? ',Failed' : '';
  return `${decision}${failed}${request.text('status.certificate') === '' ? '' : ',Issued'}`;
}

function availability(service: CellReader): string {
  const condition = service.list('status.conditions').find((item) => member(item, 'type') === 'Available');
  if (condition === undefined) return 'Unknown';
  const status = stringMember(condition, 'status');
  return status === 'True' ? 'True' : `${status} (${stringMember(condition, 'reason')})`;
}
