import {
  equalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  memberAt,
  stringMember,
} from '../json/json-value.ts';
import { forbiddenCause, invalidCause, notSupportedCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { immutable, named, nonNegative, oneOf, selectorCauses, selectorMatches } from './field-rules.ts';
import { labelCauses } from './metadata.ts';
import { dns1123LabelProblems } from './name-syntax.ts';
import { validatePodSpec } from './pod-spec.ts';

const MISMATCH = '`selector` does not match template `labels`';

function validateTemplate(template: JsonValue | undefined, path: string): StatusCause[] {
  return [
    ...labelCauses(memberAt(template, 'metadata', 'labels'), `${path}.labels`),
    ...validatePodSpec(member(template, 'spec'), `${path}.spec`),
  ];
}

/** The selector of a workload and the labels of its template belong together. */
function selectorRules(spec: JsonValue | undefined, kind: string): StatusCause[] {
  const selector = member(spec, 'selector');
  // A DaemonSet without a selector is only told that nothing matches.
  if (!isJsonObject(selector)) return kind === 'daemonset' ? [] : [requiredCause('spec.selector')];
  const causes = selectorCauses(selector, 'spec.selector');
  if (isEmptySelector(selector))
    causes.push(invalidCause('spec.selector', selector, `empty selector is invalid for ${kind}`));
  return causes;
}

function isEmptySelector(selector: JsonObject): boolean {
  const size = (value: JsonValue | undefined) =>
    Object.keys(isJsonObject(value) || Array.isArray(value) ? value : {}).length;
  return size(member(selector, 'matchLabels')) + size(member(selector, 'matchExpressions')) === 0;
}

function mismatch(spec: JsonValue | undefined): StatusCause[] {
  const selector = member(spec, 'selector');
  const labels = memberAt(spec, 'template', 'metadata', 'labels');
  if (isJsonObject(selector) && (isEmptySelector(selector) || selectorMatches(selector, labels))) return [];
  return [invalidCause('spec.template.metadata.labels', labels ?? null, MISMATCH)];
}

function alwaysRestarts(spec: JsonValue | undefined): StatusCause[] {
  const policy = memberAt(spec, 'template', 'spec', 'restartPolicy') ?? '';
  return policy === 'Always' ? [] : [notSupportedCause('spec.template.spec.restartPolicy', policy, ['Always'])];
}

/** Problems of a Deployment. */
export function validateDeployment(deployment: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const spec = member(deployment, 'spec');
  const deadline = member(spec, 'progressDeadlineSeconds');
  const ready = member(spec, 'minReadySeconds') ?? 0;
  const isTooShort = typeof deadline === 'number' && typeof ready === 'number' && deadline <= ready;
  return [
    ...nonNegative('spec.replicas', member(spec, 'replicas')),
    ...selectorRules(spec, 'deployment'),
    ...mismatch(spec),
    ...validateTemplate(member(spec, 'template'), 'spec.template'),
    ...alwaysRestarts(spec),
    ...strategyCauses(member(spec, 'strategy')),
    ...nonNegative('spec.minReadySeconds', member(spec, 'minReadySeconds')),
    ...nonNegative('spec.revisionHistoryLimit', member(spec, 'revisionHistoryLimit')),
    ...nonNegative('spec.progressDeadlineSeconds', deadline),
    ...(isTooShort
      ? [invalidCause('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
      : []),
    ...(old === undefined
      ? []
      : immutable('spec.selector', member(spec, 'selector'), memberAt(old, 'spec', 'selector'))),
  ];
}

function strategyCauses(strategy: JsonValue | undefined): StatusCause[] {
  const rolling = member(strategy, 'rollingUpdate');
  const type = stringMember(strategy, 'type');
  if (type === 'Recreate') {
    if (!isJsonObject(rolling)) return [];
    return [forbiddenCause('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (type !== 'RollingUpdate')
    return [notSupportedCause('spec.strategy', strategy ?? {}, ['Recreate', 'RollingUpdate'])];
  const path = 'spec.strategy.rollingUpdate';
  const unavailable = member(rolling, 'maxUnavailable') ?? 0;
  const surge = member(rolling, 'maxSurge') ?? 0;
  const causes = [...shareCauses(`${path}.maxUnavailable`, unavailable), ...shareCauses(`${path}.maxSurge`, surge)];
  if (shareValue(unavailable) === 0 && shareValue(surge) === 0) {
    causes.push(invalidCause(`${path}.maxUnavailable`, unavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  if (typeof unavailable === 'string' && shareValue(unavailable) > 100) {
    causes.push(invalidCause(`${path}.maxUnavailable`, unavailable, 'must not be greater than 100%'));
  }
  return causes;
}

/** A count or a percentage. */
export function shareCauses(path: string, value: JsonValue): StatusCause[] {
  if (typeof value === 'number') return nonNegative(path, value);
  if (typeof value === 'string' && /^[0-9]+%$/.test(value)) return [];
  const detail =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return [invalidCause(path, value, detail)];
}

export function shareValue(value: JsonValue): number {
  return typeof value === 'number' ? value : Number.parseInt(String(value), 10);
}

/** Problems of a ReplicaSet. */
export function validateReplicaSet(set: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const spec = member(set, 'spec');
  return [
    ...nonNegative('spec.replicas', member(spec, 'replicas')),
    ...nonNegative('spec.minReadySeconds', member(spec, 'minReadySeconds')),
    ...selectorRules(spec, 'replicaset'),
    ...mismatch(spec),
    ...validateTemplate(member(spec, 'template'), 'spec.template'),
    ...alwaysRestarts(spec),
    ...(old === undefined
      ? []
      : immutable('spec.selector', member(spec, 'selector'), memberAt(old, 'spec', 'selector'))),
  ];
}

/** Problems of a DaemonSet. */
export function validateDaemonSet(set: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const spec = member(set, 'spec');
  return [
    ...selectorRules(spec, 'daemonset'),
    ...mismatch(spec),
    ...validateTemplate(member(spec, 'template'), 'spec.template'),
    ...alwaysRestarts(spec),
    ...nonNegative('spec.minReadySeconds', member(spec, 'minReadySeconds')),
    ...(old === undefined
      ? []
      : immutable('spec.selector', member(spec, 'selector'), memberAt(old, 'spec', 'selector'))),
  ];
}

const STATEFUL_MUTABLE = [
  'replicas',
  'template',
  'updateStrategy',
  'minReadySeconds',
  'ordinals',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
];

/** Problems of a StatefulSet. */
export function validateStatefulSet(set: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const spec = member(set, 'spec');
  const management = stringMember(spec, 'podManagementPolicy');
  const service = stringMember(spec, 'serviceName');
  const causes: StatusCause[] = [];
  if (management === '') causes.push(requiredCause('spec.podManagementPolicy'));
  else if (management !== 'OrderedReady' && management !== 'Parallel') {
    causes.push(invalidCause('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"));
  }
  return [
    ...causes,
    ...nonNegative('spec.replicas', member(spec, 'replicas')),
    ...nonNegative('spec.minReadySeconds', member(spec, 'minReadySeconds')),
    ...(service === '' || old !== undefined ? [] : named('spec.serviceName', service, dns1123LabelProblems(service))),
    ...selectorRules(spec, 'statefulset'),
    ...mismatch(spec),
    ...validateTemplate(claimedTemplate(spec), 'spec.template'),
    ...alwaysRestarts(spec),
    ...(old === undefined ? [] : statefulChanges(spec, member(old, 'spec'))),
  ];
}

/** Claim templates become volumes of the pods, so mounts may name them. */
function claimedTemplate(spec: JsonValue | undefined): JsonValue | undefined {
  const template = member(spec, 'template');
  const claims = member(spec, 'volumeClaimTemplates');
  const podSpec = member(template, 'spec');
  if (!isJsonObject(template) || !isJsonObject(podSpec) || !Array.isArray(claims)) return template;
  const own = member(podSpec, 'volumes');
  const names = new Set(claims.map((claim) => stringMember(member(claim, 'metadata'), 'name')));
  const volumes = (Array.isArray(own) ? own : []).filter((volume) => !names.has(stringMember(volume, 'name')));
  const claimed = [...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  return { ...template, spec: { ...podSpec, volumes: [...volumes, ...claimed] } };
}

function statefulChanges(spec: JsonValue | undefined, old: JsonValue | undefined): StatusCause[] {
  const fixed = (value: JsonValue | undefined): JsonObject => {
    const copy: JsonObject = { ...(isJsonObject(value) ? value : {}) };
    for (const field of STATEFUL_MUTABLE) delete copy[field];
    return copy;
  };
  if (equalJson(fixed(spec), fixed(old))) return [];
  const detail =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  return [forbiddenCause('spec', detail)];
}

/** Problems of a Job. */
export function validateJob(job: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const spec = member(job, 'spec');
  const causes = validateJobSpec(spec, 'spec');
  const selector = member(spec, 'selector');
  if (!isJsonObject(selector)) causes.push(requiredCause('spec.selector'));
  else causes.push(...selectorCauses(selector, 'spec.selector'));
  causes.push(...mismatch(spec));
  if (old === undefined) return causes;
  const before = member(old, 'spec');
  const isSuspended = member(before, 'suspend') === true;
  return [
    ...causes,
    ...immutable('spec.selector', selector, member(before, 'selector')),
    ...(isSuspended ? [] : immutable('spec.template', member(spec, 'template'), member(before, 'template'))),
    ...immutable('spec.completionMode', member(spec, 'completionMode'), member(before, 'completionMode')),
    ...immutable('spec.podFailurePolicy', member(spec, 'podFailurePolicy'), member(before, 'podFailurePolicy')),
  ];
}

/** Problems of the spec of a Job, also inside a CronJob. */
export function validateJobSpec(spec: JsonValue | undefined, path: string): StatusCause[] {
  const policy = memberAt(spec, 'template', 'spec', 'restartPolicy') ?? '';
  const policyPath = `${path}.template.spec.restartPolicy`;
  const causes: StatusCause[] = [];
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
  ]) {
    causes.push(...nonNegative(`${path}.${field}`, member(spec, field)));
  }
  const mode = member(spec, 'completionMode');
  if (typeof mode === 'string' && mode !== 'NonIndexed' && mode !== 'Indexed') {
    causes.push(notSupportedCause(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']));
  }
  causes.push(...validateTemplate(member(spec, 'template'), `${path}.template`));
  if (policy === '' || policy === 'Always') {
    causes.push(requiredCause(policyPath, 'valid values: "OnFailure", "Never"'));
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    causes.push(notSupportedCause(policyPath, policy, ['OnFailure', 'Never']));
  }
  return causes;
}

/** Problems of a CronJob. */
export function validateCronJob(job: JsonObject): StatusCause[] {
  const spec = member(job, 'spec');
  const schedule = stringMember(spec, 'schedule');
  const name = stringMember(member(job, 'metadata'), 'name');
  return [
    ...(schedule === '' ? [requiredCause('spec.schedule')] : scheduleCauses(schedule)),
    ...nonNegative('spec.startingDeadlineSeconds', member(spec, 'startingDeadlineSeconds')),
    ...oneOf('spec.concurrencyPolicy', member(spec, 'concurrencyPolicy'), ['Allow', 'Forbid', 'Replace']),
    ...validateJobSpec(memberAt(spec, 'jobTemplate', 'spec'), 'spec.jobTemplate.spec'),
    ...nonNegative('spec.successfulJobsHistoryLimit', member(spec, 'successfulJobsHistoryLimit')),
    ...nonNegative('spec.failedJobsHistoryLimit', member(spec, 'failedJobsHistoryLimit')),
    ...(name.length > 52 ? [invalidCause('metadata.name', name, 'must be no more than 52 characters')] : []),
  ];
}

const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

function scheduleCauses(schedule: string): StatusCause[] {
  if (schedule.startsWith('@')) {
    if (DESCRIPTORS.has(schedule) || /^@every [0-9hms.]+$/.test(schedule)) return [];
    return [invalidCause('spec.schedule', schedule, `unrecognized descriptor: ${schedule}`)];
  }
  const fields = schedule.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== 5) {
    const shown = `[${fields.join(' ')}]`;
    return [invalidCause('spec.schedule', schedule, `expected exactly 5 fields, found ${fields.length}: ${shown}`)];
  }
  const bad = fields.find((field) => !/^[0-9A-Za-z*?,/-]+$/.test(field));
  return bad === undefined ? [] : [invalidCause('spec.schedule', schedule, `failed to parse int from ${bad}`)];
}
