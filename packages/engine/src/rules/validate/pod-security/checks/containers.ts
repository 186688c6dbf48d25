import { isJsonArray, memberAt } from '../../../../kernel/json.ts';
import { type FieldError, type Finding, findingOf, forbidden, type PodCheck, required } from '../finding.ts';
import { type Container, itemsAt, type Pod, textAt, textsAt } from '../pod.ts';

export const privileged: PodCheck = ({ containers }) =>
  findingOf(
    'privileged',
    containers
      .filter(({ context }) => memberAt(context, 'privileged') === true)
      .map((container) => forbidden(`${container.path}.securityContext.privileged`, true, container)),
  );

const NO_ERRORS: readonly FieldError[] = [];

export const allowPrivilegeEscalation: PodCheck = ({ containers }) =>
  findingOf('allowPrivilegeEscalation != false', containers.flatMap(escalationError));

function escalationError(container: Container): readonly FieldError[] {
  const { context } = container;
  const allowed = memberAt(context, 'allowPrivilegeEscalation') ?? null;
  if (allowed === false) return NO_ERRORS;
  const field = `${container.path}.securityContext.allowPrivilegeEscalation`;
  if (context === null) return [required(field, container)];
  // The word for a missing value is upstream's.
  return [forbidden(field, allowed === null ? 'nil' : true, container)];
}

const DEFAULT_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

export const capabilitiesBaseline: PodCheck = ({ containers }) =>
  findingOf(
    'non-default capabilities',
    containers.flatMap((container) => addedBeyond(container, DEFAULT_CAPABILITIES)),
  );

const RESTRICTED_CAPABILITIES = new Set(['NET_BIND_SERVICE']);

export const capabilitiesRestricted: PodCheck = ({ containers }) => {
  const drops = containers.flatMap(missingDrop);
  const adds = containers.flatMap((container) => addedBeyond(container, RESTRICTED_CAPABILITIES));
  return findingOf('unrestricted capabilities', [...drops, ...adds], drops.length > 0 ? drops : adds);
};

function missingDrop(container: Container): readonly FieldError[] {
  const listed = memberAt(container.context, 'capabilities', 'drop');
  if (isJsonArray(listed) && listed.includes('ALL')) return NO_ERRORS;
  const dropped = textsAt(listed);
  const field = `${container.path}.securityContext.capabilities.drop`;
  return [dropped.length > 0 ? forbidden(field, dropped, container) : required(field, container)];
}

function addedBeyond(container: Container, allowed: ReadonlySet<string>): readonly FieldError[] {
  const listed = memberAt(container.context, 'capabilities', 'add');
  if (listed === undefined) return NO_ERRORS;
  const added = textsAt(listed).filter((name) => !allowed.has(name));
  return added.length > 0 ? [forbidden(`${container.path}.securityContext.capabilities.add`, added, container)] : [];
}

/** Its sentence has no "must", which is what upstream looks for: reports name no images. */
export const hostPorts: PodCheck = ({ containers }) => findingOf('hostPort', containers.flatMap(hostPortErrors), []);

function hostPortErrors(container: Container): readonly FieldError[] {
  return itemsAt(container.value, 'ports').flatMap((port, index) => {
    const hostPort = memberAt(port, 'hostPort');
    if (typeof hostPort !== 'number' || hostPort === 0) return [];
    return [forbidden(`${container.path}.ports[${index}].hostPort`, hostPort, container)];
  });
}

export const procMount: PodCheck = ({ containers }) =>
  findingOf(
    'procMount',
    containers.flatMap((container) => {
      const found = memberAt(container.context, 'procMount');
      if (typeof found !== 'string' || found === 'Default') return [];
      return [forbidden(`${container.path}.securityContext.procMount`, found, container)];
    }),
  );

const HANDLERS: readonly (readonly string[])[] = [
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
];

/** Names no fields, so no exclusion reaches it. */
export const hostProbesAndHostLifecycle: PodCheck = ({ containers }): Finding | undefined => {
  const namesHost = ({ value }: Container) =>
    HANDLERS.some((path) => {
      const handler = memberAt(value, ...path);
      if (handler === undefined) return false;
      return textAt(handler, 'httpGet', 'host') !== '' || textAt(handler, 'tcpSocket', 'host') !== '';
    });
  if (!containers.some(namesHost)) return undefined;
  return { reason: 'probe or lifecycle host', errors: undefined, containers: undefined };
};

/** Pods with users of their own are exempt from what only endangers those of the node. */
export function unlessOwnUsers(check: PodCheck): PodCheck {
  return (pod: Pod) => (memberAt(pod.spec, 'hostUsers') === false ? undefined : check(pod));
}

/** Pods of Windows nodes are exempt from what Windows does not have. */
export function unlessWindows(check: PodCheck): PodCheck {
  return (pod: Pod) => (textAt(pod.spec, 'os', 'name') === 'windows' ? undefined : check(pod));
}
