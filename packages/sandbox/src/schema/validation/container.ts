import { compareQuantities, parseQuantity } from '@vouchsafe/cel/quantity';
import {
  arrayMember,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';
import { duplicateCause, forbiddenCause, invalidCause, notFoundCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { named, nonNegative, oneOf, portOrName } from './field-rules.ts';
import { portNameProblems, portNumberProblems } from './metadata.ts';
import { dns1123LabelProblems, qualifiedNameProblems } from './name-syntax.ts';

/** What is known about the pod around a container. */
export interface PodContext {
  readonly volumes: ReadonlySet<string>;
}

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** Problems any container can have; names are checked for uniqueness by the pod. */
export function validateContainer(container: JsonValue, path: string, context: PodContext): StatusCause[] {
  const name = stringMember(container, 'name');
  return [
    ...(name === '' ? [requiredCause(`${path}.name`)] : named(`${path}.name`, name, dns1123LabelProblems(name))),
    ...(stringMember(container, 'image') === '' ? [requiredCause(`${path}.image`)] : []),
    ...oneOf(`${path}.terminationMessagePolicy`, member(container, 'terminationMessagePolicy'), [
      'File',
      'FallbackToLogsOnError',
    ]),
    ...portCauses(arrayMember(container, 'ports'), `${path}.ports`),
    ...envCauses(arrayMember(container, 'env'), `${path}.env`),
    ...envFromCauses(arrayMember(container, 'envFrom'), `${path}.envFrom`),
    ...mountCauses(arrayMember(container, 'volumeMounts'), `${path}.volumeMounts`, context),
    ...oneOf(`${path}.imagePullPolicy`, member(container, 'imagePullPolicy'), PULL_POLICIES),
    ...resourceCauses(member(container, 'resources'), `${path}.resources`),
    ...securityCauses(member(container, 'securityContext'), `${path}.securityContext`),
  ];
}

/** Problems of probes and lifecycle handlers. */
export function validateHandlers(container: JsonValue, path: string): StatusCause[] {
  const lifecycle = member(container, 'lifecycle');
  const causes: StatusCause[] = [];
  for (const hook of ['postStart', 'preStop']) {
    const handler = member(lifecycle, hook);
    if (isJsonObject(handler)) causes.push(...handlerCauses(handler, `${path}.lifecycle.${hook}`));
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const value = member(container, probe);
    if (isJsonObject(value)) causes.push(...probeCauses(value, `${path}.${probe}`, probe !== 'readinessProbe'));
  }
  return causes;
}

function probeCauses(probe: JsonObject, path: string, needsOneSuccess: boolean): StatusCause[] {
  const causes = handlerCauses(probe, path);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    causes.push(...nonNegative(`${path}.${field}`, member(probe, field)));
  }
  const grace = member(probe, 'terminationGracePeriodSeconds');
  if (typeof grace === 'number' && grace <= 0) {
    causes.push(invalidCause(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  }
  const successes = member(probe, 'successThreshold');
  if (needsOneSuccess && successes !== undefined && successes !== 1) {
    causes.push(invalidCause(`${path}.successThreshold`, successes, 'must be 1'));
  }
  return causes;
}

const HANDLERS: readonly (readonly [string, (handler: JsonValue, path: string) => StatusCause[]])[] = [
  ['exec', (exec, path) => (arrayMember(exec, 'command').length === 0 ? [requiredCause(`${path}.command`)] : [])],
  ['httpGet', httpCauses],
  ['tcpSocket', (socket, path) => portOrName(`${path}.port`, member(socket, 'port'))],
  ['grpc', (grpc, path) => portOrName(`${path}.port`, member(grpc, 'port'))],
  ['sleep', () => []],
];

function handlerCauses(handler: JsonObject, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  let count = 0;
  for (const [kind, check] of HANDLERS) {
    const value = member(handler, kind);
    if (!isJsonObject(value)) continue;
    if (count++ > 0) causes.push(forbiddenCause(`${path}.${kind}`, 'may not specify more than 1 handler type'));
    else causes.push(...check(value, `${path}.${kind}`));
  }
  if (count === 0) causes.push(requiredCause(path, 'must specify a handler type'));
  return causes;
}

function httpCauses(http: JsonValue, path: string): StatusCause[] {
  return [
    ...(stringMember(http, 'path') === '' ? [requiredCause(`${path}.path`)] : []),
    ...portOrName(`${path}.port`, member(http, 'port')),
    ...oneOf(`${path}.scheme`, member(http, 'scheme'), ['HTTP', 'HTTPS']),
  ];
}

function portCauses(ports: readonly JsonValue[], path: string): StatusCause[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${path}[${index}]`;
    const causes: StatusCause[] = [];
    const name = stringMember(port, 'name');
    const problems = name === '' ? [] : portNameProblems(name);
    causes.push(...named(`${at}.name`, name, problems));
    if (problems.length === 0 && names.has(name)) causes.push(duplicateCause(`${at}.name`, name));
    if (name !== '' && problems.length === 0) names.add(name);
    const number = member(port, 'containerPort') ?? 0;
    if (number === 0) causes.push(requiredCause(`${at}.containerPort`));
    else causes.push(...numberCauses(`${at}.containerPort`, number));
    const hostPort = member(port, 'hostPort') ?? 0;
    if (hostPort !== 0) causes.push(...numberCauses(`${at}.hostPort`, hostPort));
    return [...causes, ...oneOf(`${at}.protocol`, member(port, 'protocol'), PROTOCOLS)];
  });
}

function numberCauses(path: string, port: JsonValue): StatusCause[] {
  return typeof port === 'number' ? portNumberProblems(port).map((problem) => invalidCause(path, port, problem)) : [];
}

const ENV_SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];

function envCauses(variables: readonly JsonValue[], path: string): StatusCause[] {
  return variables.flatMap((variable, index) => {
    const at = `${path}[${index}]`;
    const name = stringMember(variable, 'name');
    const causes = name === '' ? [requiredCause(`${at}.name`)] : named(`${at}.name`, name, envNameProblems(name));
    const from = member(variable, 'valueFrom');
    if (!isJsonObject(from)) return causes;
    const given = ENV_SOURCES.filter((source) => isJsonObject(member(from, source)));
    for (const source of ['configMapKeyRef', 'secretKeyRef']) {
      const reference = member(from, source);
      if (!isJsonObject(reference)) continue;
      for (const field of ['name', 'key']) {
        if (stringMember(reference, field) === '') causes.push(requiredCause(`${at}.valueFrom.${source}.${field}`));
      }
    }
    const fail = (detail: string) => causes.push(invalidCause(`${at}.valueFrom`, '', detail));
    if (given.length === 0) {
      fail('must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`');
    } else if (stringMember(variable, 'value') !== '') {
      fail('may not be specified when `value` is not empty');
    } else if (given.length > 1) {
      fail('may not have more than one field specified at a time');
    }
    return causes;
  });
}

function envNameProblems(name: string): string[] {
  if (/^[ -<>-~]+$/.test(name)) return [];
  const text = "a valid environment variable name must consist only of printable ASCII characters other than '='";
  return [`${text} (regex used for validation is '[ -<>-~]+')`];
}

function envFromCauses(sources: readonly JsonValue[], path: string): StatusCause[] {
  return sources.flatMap((source, index) => {
    const given = ['configMapRef', 'secretRef'].filter((kind) => isJsonObject(member(source, kind)));
    const causes = given
      .filter((kind) => stringMember(member(source, kind), 'name') === '')
      .map((kind) => requiredCause(`${path}[${index}].${kind}.name`));
    if (given.length === 0) causes.push(invalidCause(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (given.length > 1) causes.push(invalidCause(path, '', 'may not have more than one field specified at a time'));
    return causes;
  });
}

function mountCauses(mounts: readonly JsonValue[], path: string, { volumes }: PodContext): StatusCause[] {
  const points = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const at = `${path}[${index}]`;
    const name = stringMember(mount, 'name');
    const point = stringMember(mount, 'mountPath');
    const causes: StatusCause[] = [];
    if (name === '') causes.push(requiredCause(`${at}.name`));
    if (!volumes.has(name)) causes.push(notFoundCause(`${at}.name`, name));
    if (point === '') causes.push(requiredCause(`${at}.mountPath`));
    if (points.has(point)) causes.push(invalidCause(`${at}.mountPath`, point, 'must be unique'));
    points.add(point);
    for (const field of ['subPath', 'subPathExpr']) {
      causes.push(...descendingPathCauses(`${path}.${field}`, stringMember(mount, field)));
    }
    return causes;
  });
}

function descendingPathCauses(path: string, value: string): StatusCause[] {
  if (value === '') return [];
  const causes: StatusCause[] = [];
  if (value.startsWith('/')) causes.push(invalidCause(path, value, 'must be a relative path'));
  if (value.split('/').includes('..')) causes.push(invalidCause(path, value, "must not contain '..'"));
  return causes;
}

/** Problems of `resources`: names, signs, and requests beyond limits. */
export function resourceCauses(resources: JsonValue | undefined, path: string): StatusCause[] {
  const limits = member(resources, 'limits');
  const requests = member(resources, 'requests');
  const causes: StatusCause[] = [];
  for (const [field, list] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    if (!isJsonObject(list)) continue;
    for (const name of Object.keys(list)) {
      const at = `${path}.${field}[${name}]`;
      causes.push(...resourceNameCauses(at, name), ...quantityCauses(at, name, list[name] ?? null));
      if (field === 'requests') causes.push(...requestCauses(path, name, list[name] ?? null, limits));
    }
  }
  return causes;
}

const STANDARD_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const QUOTA_RESOURCES = new Set(['storage', 'pods', 'services', 'secrets', 'configmaps', 'persistentvolumeclaims']);

function resourceNameCauses(path: string, name: string): StatusCause[] {
  const causes = named(path, name, qualifiedNameProblems(name));
  if (name.includes('/') || STANDARD_RESOURCES.has(name) || name.startsWith('hugepages-')) return causes;
  if (!QUOTA_RESOURCES.has(name)) {
    causes.push(invalidCause(path, name, 'must be a standard resource type or fully qualified'));
  }
  return [...causes, invalidCause(path, name, 'must be a standard resource for containers')];
}

function quantityCauses(path: string, name: string, value: JsonValue): StatusCause[] {
  const quantity = typeof value === 'string' ? parseQuantity(value) : undefined;
  if (quantity === undefined) return [];
  if (quantity.unscaled < 0n) return [invalidCause(path, value, 'must be greater than or equal to 0')];
  const isFractional = quantity.scale > 0 && quantity.unscaled % 10n ** BigInt(quantity.scale) !== 0n;
  return isFractional && !isOvercommitable(name) ? [invalidCause(path, value, 'must be an integer')] : [];
}

function isOvercommitable(name: string): boolean {
  return (!name.includes('/') || name.includes('kubernetes.io/')) && !name.startsWith('hugepages-');
}

function requestCauses(path: string, name: string, value: JsonValue, limits: JsonValue | undefined): StatusCause[] {
  const limit = member(limits, name);
  if (limit === undefined) {
    if (isOvercommitable(name)) return [];
    return [requiredCause(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  const requested = typeof value === 'string' ? parseQuantity(value) : undefined;
  const allowed = typeof limit === 'string' ? parseQuantity(limit) : undefined;
  if (requested === undefined || allowed === undefined) return [];
  const order = compareQuantities(requested, allowed);
  if (order !== 0 && !isOvercommitable(name)) {
    return [invalidCause(`${path}.requests`, value, `must be equal to ${name} limit of ${limit}`)];
  }
  if (order <= 0) return [];
  return [invalidCause(`${path}.requests`, value, `must be less than or equal to ${name} limit of ${limit}`)];
}

const MAX_ID = 2147483647;

function securityCauses(security: JsonValue | undefined, path: string): StatusCause[] {
  if (!isJsonObject(security)) return [];
  const causes: StatusCause[] = [];
  for (const field of ['runAsUser', 'runAsGroup']) {
    const id = member(security, field);
    if (typeof id === 'number' && (id < 0 || id > MAX_ID)) {
      causes.push(invalidCause(`${path}.${field}`, id, `must be between 0 and ${MAX_ID}, inclusive`));
    }
  }
  causes.push(...seccompCauses(member(security, 'seccompProfile'), `${path}.seccompProfile`));
  if (member(security, 'allowPrivilegeEscalation') === false) {
    if (member(security, 'privileged') === true) {
      const detail = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
      causes.push(invalidCause(path, internalSecurityContext(security), detail));
    }
    if (arrayMember(member(security, 'capabilities'), 'add').includes('CAP_SYS_ADMIN')) {
      const detail = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      causes.push(invalidCause(path, internalSecurityContext(security), detail));
    }
  }
  return causes;
}

/** Problems of a seccomp profile. */
export function seccompCauses(profile: JsonValue | undefined, path: string): StatusCause[] {
  if (!isJsonObject(profile)) return [];
  const type = stringMember(profile, 'type');
  const local = stringMember(profile, 'localhostProfile');
  if (type === '') return [requiredCause(`${path}.type`, 'type is required when seccompProfile is set')];
  if (type === 'Localhost') {
    return local === ''
      ? [requiredCause(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')]
      : [];
  }
  const causes: StatusCause[] = [];
  if (local !== '')
    causes.push(invalidCause(`${path}.localhostProfile`, local, 'can only be set when seccomp type is Localhost'));
  return [...causes, ...oneOf(`${path}.type`, type, ['Localhost', 'RuntimeDefault', 'Unconfined'])];
}

const SECURITY_FIELDS = [
  'Capabilities',
  'Privileged',
  'SELinuxOptions',
  'WindowsOptions',
  'RunAsUser',
  'RunAsGroup',
  'RunAsNonRoot',
  'ReadOnlyRootFilesystem',
  'AllowPrivilegeEscalation',
  'ProcMount',
  'SeccompProfile',
  'AppArmorProfile',
];

/** The server prints the struct it keeps internally: capital names, nulls for what is not set. */
function internalSecurityContext(security: JsonObject): JsonObject {
  const read = (name: string) => member(security, name === 'SELinuxOptions' ? 'seLinuxOptions' : lowerFirst(name));
  return Object.fromEntries(SECURITY_FIELDS.map((name) => [name, capitalised(read(name) ?? null)]));
}

function lowerFirst(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

function capitalised(value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value).map((key) => [`${key.charAt(0).toUpperCase()}${key.slice(1)}`, value[key] ?? null]),
  );
}
