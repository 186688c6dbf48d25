import {
  arrayMember,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';
import { duplicateCause, forbiddenCause, invalidCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { type PodContext, resourceCauses, seccompCauses, validateContainer, validateHandlers } from './container.ts';
import { named, oneOf } from './field-rules.ts';
import { labelCauses } from './metadata.ts';
import { dns1123LabelProblems, dns1123SubdomainProblems, qualifiedNameProblems } from './name-syntax.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** Problems of a pod spec, in a pod or in a template. */
export function validatePodSpec(spec: JsonValue | undefined, path: string): StatusCause[] {
  const volumes = validateVolumes(arrayMember(spec, 'volumes'), `${path}.volumes`);
  const context: PodContext = { volumes: volumes.names };
  const grace = member(spec, 'terminationGracePeriodSeconds') ?? null;
  return [
    ...(grace === null ? [requiredCause(`${path}.terminationGracePeriodSeconds`)] : []),
    ...volumes.causes,
    ...validateContainers(arrayMember(spec, 'containers'), `${path}.containers`, context),
    ...validateInitContainers(spec, `${path}.initContainers`, context),
    ...resourceCauses(member(spec, 'resources'), `${path}.resources`),
    ...hostNetworkCauses(spec, path),
    ...oneOf(`${path}.restartPolicy`, member(spec, 'restartPolicy'), RESTART_POLICIES),
    ...oneOf(`${path}.dnsPolicy`, member(spec, 'dnsPolicy'), DNS_POLICIES),
    ...labelCauses(member(spec, 'nodeSelector'), `${path}.nodeSelector`),
    ...seccompCauses(
      member(member(spec, 'securityContext'), 'seccompProfile'),
      `${path}.securityContext.seccompProfile`,
    ),
    ...nameFieldCauses(spec, path),
    ...tolerationCauses(arrayMember(spec, 'tolerations'), `${path}.tolerations`),
  ];
}

function nameFieldCauses(spec: JsonValue | undefined, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const field of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName']) {
    const name = stringMember(spec, field);
    if (name !== '') causes.push(...named(`${path}.${field}`, name, dns1123SubdomainProblems(name)));
  }
  const deadline = member(spec, 'activeDeadlineSeconds');
  if (typeof deadline === 'number' && (deadline < 1 || deadline > 2147483647)) {
    const detail = 'must be between 1 and 2147483647, inclusive';
    causes.push(invalidCause(`${path}.activeDeadlineSeconds`, deadline, detail));
  }
  for (const field of ['hostname', 'subdomain']) {
    const name = stringMember(spec, field);
    if (name !== '') causes.push(...named(`${path}.${field}`, name, dns1123LabelProblems(name)));
  }
  return causes;
}

function validateContainers(containers: readonly JsonValue[], path: string, context: PodContext): StatusCause[] {
  if (containers.length === 0) return [requiredCause(path)];
  const names = new Set<string>();
  const causes = containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const name = stringMember(container, 'name');
    const isDuplicate = names.has(name);
    names.add(name);
    return [
      ...validateContainer(container, at, context),
      ...(isDuplicate ? [duplicateCause(`${at}.name`, name)] : []),
      ...validateHandlers(container, at),
    ];
  });
  return [...causes, ...hostPortCauses(containers, path)];
}

function validateInitContainers(spec: JsonValue | undefined, path: string, context: PodContext): StatusCause[] {
  const containers = arrayMember(spec, 'initContainers');
  const names = new Set(arrayMember(spec, 'containers').map((container) => stringMember(container, 'name')));
  return containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const name = stringMember(container, 'name');
    const causes = validateContainer(container, at, context);
    if (names.has(name)) causes.push(duplicateCause(`${at}.name`, name));
    else if (name !== '') names.add(name);
    if (member(container, 'restartPolicy') === 'Always') return [...causes, ...validateHandlers(container, at)];
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
      if (!isJsonObject(member(container, field))) continue;
      const detail = 'may not be set for init containers without restartPolicy=Always';
      causes.push(forbiddenCause(`${at}.${field}`, detail));
    }
    return causes;
  });
}

function hostPortCauses(containers: readonly JsonValue[], path: string): StatusCause[] {
  const taken = new Set<string>();
  return containers.flatMap((container, index) =>
    arrayMember(container, 'ports').flatMap((port, place) => {
      const number = member(port, 'hostPort') ?? 0;
      if (number === 0) return [];
      const key = `${stringMember(port, 'protocol')}/${stringMember(port, 'hostIP')}/${number}`;
      if (taken.has(key)) return [duplicateCause(`${path}[${index}].ports[${place}].hostPort`, key)];
      taken.add(key);
      return [];
    }),
  );
}

function hostNetworkCauses(spec: JsonValue | undefined, path: string): StatusCause[] {
  if (member(spec, 'hostNetwork') !== true) return [];
  return arrayMember(spec, 'containers').flatMap((container, index) =>
    arrayMember(container, 'ports').flatMap((port, place) => {
      const hostPort = member(port, 'hostPort') ?? 0;
      if (hostPort === 0 || hostPort === member(port, 'containerPort')) return [];
      const at = `${path}.containers[${index}].ports[${place}].hostPort`;
      return [invalidCause(at, hostPort, 'must match `containerPort` when `hostNetwork` is true')];
    }),
  );
}

/** A member of a volume source that must be given. */
const REQUIRED_SOURCE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  hostPath: ['path'],
  secret: ['secretName'],
  configMap: ['name'],
  persistentVolumeClaim: ['claimName'],
  nfs: ['server', 'path'],
  csi: ['driver'],
  gitRepo: ['repository'],
  iscsi: ['targetPortal', 'iqn'],
  image: ['reference'],
};

function validateVolumes(volumes: readonly JsonValue[], path: string): { causes: StatusCause[]; names: Set<string> } {
  const names = new Set<string>();
  const causes = volumes.flatMap((volume, index) => {
    const at = `${path}[${index}]`;
    const name = stringMember(volume, 'name');
    const found = isJsonObject(volume) ? sourceCauses(volume, at) : [];
    if (name === '') found.push(requiredCause(`${at}.name`));
    else found.push(...named(`${at}.name`, name, dns1123LabelProblems(name)));
    if (names.has(name)) found.push(duplicateCause(`${at}.name`, name));
    if (found.length === 0) names.add(name);
    return found;
  });
  return { causes, names };
}

function sourceCauses(volume: JsonObject, path: string): StatusCause[] {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) return [requiredCause(path, 'must specify a volume type')];
  return sources.flatMap((source, index) => {
    const at = `${path}.${source}`;
    if (index > 0) return [forbiddenCause(at, 'may not specify more than 1 volume type')];
    const value = volume[source] ?? null;
    const missing = (REQUIRED_SOURCE_FIELDS[source] ?? []).filter((field) => stringMember(value, field) === '');
    const causes = missing.map((field) => requiredCause(`${at}.${field}`));
    const hostPath = source === 'hostPath' ? stringMember(value, 'path') : '';
    if (hostPath.split('/').includes('..')) causes.push(invalidCause(`${at}.path`, hostPath, "must not contain '..'"));
    return causes;
  });
}

function tolerationCauses(tolerations: readonly JsonValue[], path: string): StatusCause[] {
  return tolerations.flatMap((toleration, index) => {
    const at = `${path}[${index}]`;
    const key = stringMember(toleration, 'key');
    const operator = stringMember(toleration, 'operator');
    const value = stringMember(toleration, 'value');
    const causes = key === '' ? [] : named(`${at}.key`, key, qualifiedNameProblems(key));
    if (key === '' && operator !== 'Exists') {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      causes.push(invalidCause(`${at}.operator`, operator, detail));
    }
    if (operator === 'Exists' && value !== '') {
      causes.push(invalidCause(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    }
    const effect = member(toleration, 'effect');
    if (typeof effect === 'string' && effect !== '') {
      causes.push(...oneOf(`${at}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']));
    }
    if (typeof member(toleration, 'tolerationSeconds') === 'number' && effect !== 'NoExecute') {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      causes.push(invalidCause(`${at}.effect`, effect ?? '', detail));
    }
    return causes;
  });
}
