import {
  arrayMember,
  equalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';
import { forbiddenCause, invalidCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { validatePodSpec } from './pod-spec.ts';

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

/** Problems of a Pod; a running one may change little. */
export function validatePod(pod: JsonObject, old: JsonObject | undefined): StatusCause[] {
  const spec = member(pod, 'spec');
  const causes = validatePodSpec(spec, 'spec');
  if (old !== undefined) return [...causes, ...podChanges(spec, member(old, 'spec'))];
  if (arrayMember(spec, 'ephemeralContainers').length > 0) {
    causes.push(forbiddenCause('spec.ephemeralContainers', 'cannot be set on create'));
  }
  return causes;
}

function podChanges(spec: JsonValue | undefined, old: JsonValue | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const list of ['containers', 'initContainers']) {
    const containers = arrayMember(spec, list);
    if (containers.length !== arrayMember(old, list).length) {
      return [...causes, forbiddenCause(`spec.${list}`, 'pod updates may not add or remove containers')];
    }
    causes.push(...imageCauses(containers, `spec.${list}`));
  }
  const added = tolerationChange(spec, old);
  if (added !== undefined) causes.push(added);
  const changed = changedFields(updatedSpec(old, spec), spec);
  if (changed.length > 0) {
    const detail = `pod updates may not change fields other than ${UPDATABLE.join(',')}\n${changed.join('\n')}`;
    causes.push(forbiddenCause('spec', detail));
  }
  return causes;
}

function imageCauses(containers: readonly JsonValue[], path: string): StatusCause[] {
  return containers.flatMap((container, index) => {
    const image = stringMember(container, 'image');
    const at = `${path}[${index}].image`;
    if (image === '') return [requiredCause(at)];
    return image.trim() === image ? [] : [invalidCause(at, image, 'must not have leading or trailing whitespace')];
  });
}

function tolerationChange(spec: JsonValue | undefined, old: JsonValue | undefined): StatusCause | undefined {
  const now = arrayMember(spec, 'tolerations');
  const kept = arrayMember(old, 'tolerations').every((toleration) => now.some((other) => equalJson(other, toleration)));
  return kept
    ? undefined
    : forbiddenCause('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}

/** The old spec with the changes a pod may make. */
function updatedSpec(old: JsonValue | undefined, spec: JsonValue | undefined): JsonObject {
  const result: JsonObject = { ...(isJsonObject(old) ? old : {}) };
  for (const list of ['containers', 'initContainers']) {
    const before = member(old, list);
    if (!Array.isArray(before)) continue;
    const after = arrayMember(spec, list);
    result[list] = before.map((container, index) =>
      isJsonObject(container) ? { ...container, image: member(after[index], 'image') ?? '' } : container,
    );
  }
  for (const field of ['activeDeadlineSeconds', 'tolerations', 'schedulingGates', 'terminationGracePeriodSeconds']) {
    const value = member(spec, field);
    if (value === undefined) delete result[field];
    else result[field] = value;
  }
  return result;
}

function changedFields(expected: JsonObject, spec: JsonValue | undefined): string[] {
  const given = isJsonObject(spec) ? spec : {};
  const fields = [...new Set([...Object.keys(expected), ...Object.keys(given)])].sort();
  return fields
    .filter((field) => !equalJson(member(expected, field), member(given, field)))
    .map((field) => `  spec.${field}`);
}
