import type { JsonObject } from '../store/json-value.ts';
import { memberAt, numberAt, objectAt, objectsAt, stringAt, stringsAt, withPath } from '../store/json-value.ts';
import { labelsOf, selectorFromObject } from '../store/label-selector.ts';
import type { AdmissionAttributes } from './admission-port.ts';
import type { Cluster } from './cluster.ts';
import { decodeBody } from './decode-body.ts';
import { deleteObject } from './delete-object.ts';
import { parseDeleteOptions } from './delete-options.ts';
import { getObject } from './list-objects.ts';
import { nameOf, timestamp, uidOf, withMetadata } from './object-metadata.ts';
import type { WriteOptions } from './request-options.ts';
import { optionsObject } from './request-options.ts';
import type { GroupVersionKind } from './resource-definition.ts';
import type { ObjectAnswer, RequestBody, ResourceRequest } from './resource-request.ts';
import { badRequest, conflict, invalid, requiredField, tooManyRequests } from './status-error.ts';

const PDB_STORAGE = 'poddisruptionbudgets.policy';
const CONNECT_KINDS: ReadonlyMap<string, string> = new Map([
  ['exec', 'PodExecOptions'],
  ['attach', 'PodAttachOptions'],
  ['portforward', 'PodPortForwardOptions'],
  ['proxy', 'PodProxyOptions'],
]);

/** True for subresources that open a connection to a container. */
export function isConnect(subresource: string): boolean {
  return CONNECT_KINDS.has(subresource);
}

async function admitCreate(
  cluster: Cluster,
  request: ResourceRequest,
  kind: GroupVersionKind,
  object: JsonObject,
  options: WriteOptions,
): Promise<JsonObject> {
  const attributes: AdmissionAttributes = {
    definition: request.definition,
    kind,
    subresource: request.subresource,
    namespace: request.namespace,
    name: request.name,
    operation: 'CREATE',
    object,
    oldObject: undefined,
    dryRun: options.dryRun,
    user: request.user,
    options: optionsObject('CreateOptions', options),
    warn: request.warn,
  };
  const mutated = (await cluster.admission.mutate(attributes)) ?? object;
  await cluster.admission.validate({ ...attributes, object: mutated });
  return mutated;
}

/** POST `/binding`: puts a pod on a node. */
export async function bindPod(
  cluster: Cluster,
  request: ResourceRequest,
  body: RequestBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const kind = { group: '', version: 'v1', kind: 'Binding' };
  const decoded = decodeBody(cluster, request, body, options, kind);
  const binding = await admitCreate(cluster, request, kind, decoded, options);
  const node = stringAt(objectAt(binding, 'target'), 'name');
  if (node === '') {
    throw invalid('Binding', '', nameOf(binding), [requiredField('target.name')]);
  }
  const stored = getObject(cluster, request);
  const bound = stringAt(objectAt(stored.object, 'spec'), 'nodeName');
  if (bound !== '') {
    throw conflict(
      { group: '', plural: 'pods/binding' },
      request.name,
      `pod ${request.name} is already assigned to node ${JSON.stringify(bound)}`,
    );
  }
  if (!options.dryRun) {
    cluster.store.update(stored, withPath(stored.object, ['spec', 'nodeName'], node));
  }
  return { code: 201, object: successOnly(), isResource: false };
}

function successOnly(): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

/** POST `/eviction`: deletes a pod unless a disruption budget forbids it (429). */
export async function evictPod(
  cluster: Cluster,
  request: ResourceRequest,
  body: RequestBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const kind = { group: 'policy', version: 'v1', kind: 'Eviction' };
  const decoded = decodeBody(cluster, request, body, options, kind);
  const eviction = await admitCreate(cluster, request, kind, decoded, options);
  const pod = getObject(cluster, request);
  checkBudgets(cluster, request, pod.object);
  const deleteOptions = parseDeleteOptions(objectAt(eviction, 'deleteOptions'), request.query);
  await deleteObject(
    cluster,
    { ...request, subresource: '' },
    { ...deleteOptions, dryRun: deleteOptions.dryRun || options.dryRun },
  );
  return { code: 201, object: successOnly(), isResource: false };
}

function checkBudgets(cluster: Cluster, request: ResourceRequest, pod: JsonObject): void {
  for (const { object, name } of cluster.store.list(PDB_STORAGE, request.namespace)) {
    const selector = objectAt(objectAt(object, 'spec'), 'selector');
    if (
      selectorFromObject(selector).matches(labelsOf(pod)) &&
      allowedDisruptions(cluster, request.namespace, object) < 1
    ) {
      throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0, [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${name} needs ${wantedHealthy(object)} healthy pods and has ${healthyPods(cluster, request.namespace, object)} currently`,
        },
      ]);
    }
  }
}

function healthyPods(cluster: Cluster, namespace: string, budget: JsonObject): number {
  const selector = selectorFromObject(objectAt(objectAt(budget, 'spec'), 'selector'));
  return cluster.store
    .list('pods', namespace)
    .filter(
      ({ object }) => selector.matches(labelsOf(object)) && stringAt(objectAt(object, 'status'), 'phase') === 'Running',
    ).length;
}

function wantedHealthy(budget: JsonObject): number {
  return numberAt(objectAt(budget, 'spec'), 'minAvailable') ?? 0;
}

function allowedDisruptions(cluster: Cluster, namespace: string, budget: JsonObject): number {
  const spec = objectAt(budget, 'spec');
  const maximum = memberAt(spec, 'maxUnavailable');
  if (typeof maximum === 'number') {
    return maximum;
  }
  return healthyPods(cluster, namespace, budget) - wantedHealthy(budget);
}

/** GET `/log`, of which `tailLines` is heeded: the fake node writes nothing, so most containers have an empty log. */
export function readLog(cluster: Cluster, request: ResourceRequest): string {
  const pod = getObject(cluster, request).object;
  const spec = objectAt(pod, 'spec');
  const containers = [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')].map((container) =>
    stringAt(container, 'name'),
  );
  const wanted = request.query.get('container') ?? '';
  if (wanted === '' && objectsAt(spec, 'containers').length > 1) {
    throw badRequest(
      `a container name must be specified for pod ${request.name}, choose one of: [${containers.join(' ')}]`,
    );
  }
  if (wanted !== '' && !containers.includes(wanted)) {
    throw badRequest(`container ${wanted} is not valid for pod ${request.name}`);
  }
  const text = cluster.podLog(request.namespace, request.name);
  const tail = request.query.get('tailLines') ?? '';
  return /^\d+$/.test(tail) ? lastLines(text, Number(tail)) : text;
}

function lastLines(text: string, count: number): string {
  if (count === 0) return '';
  return text
    .replace(/\n$/, '')
    .split('\n')
    .slice(-count)
    .join('\n')
    .concat(text === '' ? '' : '\n');
}

/** exec, attach, port-forward, proxy: admission decides; then there is no container to talk to. */
export async function connectPod(cluster: Cluster, request: ResourceRequest): Promise<never> {
  const pod = getObject(cluster, request).object;
  const kind = { group: '', version: 'v1', kind: CONNECT_KINDS.get(request.subresource) ?? '' };
  const object = connectOptions(kind.kind, request.query);
  const attributes: AdmissionAttributes = {
    definition: request.definition,
    kind,
    subresource: request.subresource,
    namespace: request.namespace,
    name: request.name,
    operation: 'CONNECT',
    object,
    oldObject: undefined,
    dryRun: false,
    user: request.user,
    // The real server sends no options for CONNECT.
    options: {},
    warn: request.warn,
  };
  const mutated = (await cluster.admission.mutate(attributes)) ?? object;
  await cluster.admission.validate({ ...attributes, object: mutated });
  throw badRequest(`pod ${nameOf(pod)} runs on a sandbox node: there are no containers to connect to`);
}

function connectOptions(kind: string, query: URLSearchParams): JsonObject {
  const options: JsonObject = { kind, apiVersion: 'v1' };
  for (const flag of ['stdin', 'stdout', 'stderr', 'tty']) {
    const value = query.get(flag);
    if (value === 'true' || value === '1') {
      options[flag] = true;
    }
  }
  const container = query.get('container');
  if (container !== null && container !== '') {
    options['container'] = container;
  }
  const command = query.getAll('command');
  if (command.length > 0) {
    options['command'] = command;
  }
  const ports = query.getAll('ports').map(Number).filter(Number.isInteger);
  if (ports.length > 0) {
    options['ports'] = ports;
  }
  return options;
}

const SHORTEST_TOKEN = 600;
const LONGEST_TOKEN = 2 ** 32;

/** POST `serviceaccounts/x/token`. */
export async function createToken(
  cluster: Cluster,
  request: ResourceRequest,
  body: RequestBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const kind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
  const account = getObject(cluster, request).object;
  const decoded = decodeBody(cluster, request, body, options, kind);
  const tokenRequest = await admitCreate(cluster, request, kind, decoded, options);
  const spec = objectAt(tokenRequest, 'spec') ?? {};
  const seconds = Math.min(LONGEST_TOKEN, Math.max(SHORTEST_TOKEN, numberAt(spec, 'expirationSeconds') ?? 3600));
  const audiences = stringsAt(spec, 'audiences').length > 0 ? stringsAt(spec, 'audiences') : [DEFAULT_AUDIENCE];
  const expiration = new Date(cluster.now().getTime() + seconds * 1000);
  const token = cluster.tokens.issue(request.namespace, request.name, uidOf(account), expiration, audiences);
  const named = withMetadata(
    tokenRequest,
    { name: request.name, namespace: request.namespace, creationTimestamp: timestamp(cluster.now()) },
    false,
  );
  return {
    code: 201,
    object: {
      ...named,
      spec: { ...spec, audiences, expirationSeconds: seconds },
      status: { token, expirationTimestamp: timestamp(expiration) },
    },
    isResource: false,
  };
}

/** Audience of tokens that name none. */
export const DEFAULT_AUDIENCE = 'https://kubernetes.default.svc.cluster.local';
