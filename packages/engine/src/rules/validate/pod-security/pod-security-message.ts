import type { Violation } from './evaluate-pod.ts';
import type { BadValue, FieldError } from './finding.ts';

const TEMPLATED = new Set(['DaemonSet', 'Deployment', 'Job', 'StatefulSet', 'ReplicaSet', 'ReplicationController']);

/** `(Forbidden reason: …, field error list: […])` for each check, with the fields as they are in the resource. */
export function formatViolations(violations: readonly Violation[], kind: string): string {
  return violations
    .map(({ reason, errors }) => {
      const list = (errors ?? []).map((error) => formatError(error, kind)).join(', ');
      return `(Forbidden reason: ${reason}, field error list: [${list}])`;
    })
    .join('');
}

function formatError({ type, field, badValue }: FieldError, kind: string): string {
  const place = placeIn(field, kind);
  if (type === 'required') return `${place}: Required value`;
  if (badValue === undefined || badValue === '') return `${place}: Forbidden`;
  return `${place} is forbidden, forbidden values found: ${formatBadValue(badValue)}`;
}

function formatBadValue(badValue: BadValue): string {
  return typeof badValue === 'object' ? `[${badValue.join(' ')}]` : String(badValue);
}

/** Upstream replaces the words wherever they are; `metadata` even for Pods. */
function placeIn(field: string, kind: string): string {
  const spec = TEMPLATED.has(kind)
    ? 'spec.template.spec'
    : kind === 'CronJob'
      ? 'spec.jobTemplate.spec.template.spec'
      : 'spec';
  return field.replaceAll('spec', spec).replaceAll('metadata', 'spec.template.metadata');
}
