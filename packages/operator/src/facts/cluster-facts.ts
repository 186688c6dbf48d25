import type { Cancellation, Fact, FactFailureClass, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import { hasWildcard, type Json, matchWildcard } from '@vouchsafe/engine/kernel';
import { type ApiResource, isKubeError, type KubeClient, KubeError } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { MAX_RESPONSE_BYTES } from './call-url.ts';
import { createDefinitionSchemas, type DefinitionSchemas } from './definition-schemas.ts';

type ClusterRequest = Extract<
  FactRequest,
  { readonly kind: 'config-map' | 'resource' | 'api-resource' | 'kind-mapping' | 'kind-schema' | 'api-call' }
>;

const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' } as const;
/** A raw path must stay below these roots. */
const API_ROOTS: ReadonlySet<string> = new Set(['api', 'apis', 'version', 'openapi', 'healthz', 'livez', 'readyz']);
/** Characters that end a URL, a line of HTTP or a segment somewhere on the way. */
const UNSAFE = /[\p{Cc}\\#]/u;

/** Answers what policies ask of the API server: ConfigMaps, objects, raw calls (kyverno-core §2.4). */
export function createClusterFacts(client: KubeClient): FactSource {
  const schemas = createDefinitionSchemas(client);
  return {
    kinds: new Set(['config-map', 'resource', 'api-resource', 'kind-mapping', 'kind-schema', 'api-call']),
    fetch: (requests, cancellation) =>
      Promise.all(requests.map((request) => fetchOne(client, schemas, request as ClusterRequest, cancellation))), // `kinds` lets no other through
  };
}

async function fetchOne(
  client: KubeClient,
  schemas: DefinitionSchemas,
  request: ClusterRequest,
  cancellation: Cancellation | undefined,
): Promise<Fact<Json>> {
  const signal = cancellation as AbortSignal | undefined; // shells hand in AbortSignals; the engine has no type for them
  try {
    switch (request.kind) {
      case 'config-map': {
        const { namespace, name } = request;
        const { data = {}, metadata = {} } = jsonOf(await client.get(CONFIG_MAPS, { namespace, name }, { signal }));
        return { ok: true, value: { data, metadata } };
      }
      case 'resource':
        return { ok: true, value: await fetchResource(client, request, signal) };
      case 'api-resource':
        return { ok: true, value: await fetchApiResource(client, request, signal) };
      case 'kind-mapping':
        return { ok: true, value: await fetchMapping(client, request) };
      case 'kind-schema':
        return { ok: true, value: await schemas(request, signal) };
      case 'api-call':
        return { ok: true, value: await callApi(client, request, signal) };
    }
  } catch (error) {
    return toFailure(error, signal);
  }
}

/** The kind as it is served; a wildcard in the group or the version stands for the preferred one that fits. */
async function findServed(
  { discovery }: KubeClient,
  { apiVersion, resourceKind: kind }: Extract<ClusterRequest, { kind: 'resource' }>,
): Promise<ApiResource | undefined> {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  if (!hasWildcard(apiVersion)) return discovery.findKind({ group, version, kind });
  const fitting = (await discovery.resources()).filter(
    (served) => served.kind === kind && matchWildcard(group, served.group) && matchWildcard(version, served.version),
  );
  return fitting.find(({ isPreferredVersion }) => isPreferredVersion) ?? fitting[0];
}

async function fetchResource(
  client: KubeClient,
  request: Extract<ClusterRequest, { kind: 'resource' }>,
  signal: AbortSignal | undefined,
): Promise<Json> {
  const resource = await findServed(client, request);
  if (!resource)
    throw new KubeError(404, 'NotFound', `the server does not serve ${request.apiVersion}/${request.resourceKind}`);
  const { namespace, name, labelSelector } = request;
  // A name in no namespace is meant in all of them.
  const isAnywhere = name !== undefined && !namespace && resource.isNamespaced;
  if (isAnywhere && !/^[\w.:-]+$/.test(name)) throw new KubeError(404, 'NotFound', `\`${name}\` names no object`);
  if (name !== undefined && !isAnywhere) {
    return jsonOf(await client.get(resource, { name, ...(namespace ? { namespace } : {}) }, { signal }));
  }
  const { items } = await client.list(resource, {
    ...(namespace ? { namespace } : {}),
    ...(isAnywhere ? { fieldSelector: `metadata.name=${name}` } : {}),
    ...(labelSelector ? { labelSelector } : {}),
    ...(signal ? { signal } : {}),
  });
  return items.map(jsonOf);
}

/** What expressions get and list, by the plural. An absent object is not served, nor is an unknown resource. */
async function fetchApiResource(
  client: KubeClient,
  { apiVersion, resource: named, namespace, name, labels = {} }: Extract<ClusterRequest, { kind: 'api-resource' }>,
  signal: AbortSignal | undefined,
): Promise<Json> {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const [resource = '', ...subresource] = named.split('/');
  const target = { group, version, resource };
  if (name !== undefined) {
    const below = subresource.length > 0 ? { subresource: subresource.join('/') } : {};
    return jsonOf(await client.get(target, { name, namespace, ...below }, { signal }));
  }
  const labelSelector = toSelector(labels);
  const { items } = await client.list(target, {
    namespace,
    ...(labelSelector === '' ? {} : { labelSelector }),
    ...(signal ? { signal } : {}),
  });
  const kind = (await client.discovery.findResource(target))?.kind;
  return { apiVersion, ...(kind === undefined ? {} : { kind: `${kind}List` }), metadata: {}, items: items.map(jsonOf) };
}

/** What is in a label may come from a request; it must not become another requirement. */
function toSelector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => {
      if (/^[\w./-]+$/.test(key) && /^[\w.-]*$/.test(value)) return `${key}=${value}`;
      throw new KubeError(0, 'InvalidRequest', `\`${key}=${value}\` is no label`);
    })
    .join(',');
}

async function fetchMapping(
  client: KubeClient,
  { apiVersion, resourceKind }: Extract<ClusterRequest, { kind: 'kind-mapping' }>,
): Promise<Json> {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const found = await client.discovery.findKind({ group, version, kind: resourceKind });
  if (!found) throw new KubeError(0, 'NoKindMatch', `no matches for kind "${resourceKind}" in version "${apiVersion}"`);
  return { group, version, resource: found.resource, namespaced: found.isNamespaced };
}

async function callApi(
  client: KubeClient,
  { urlPath, method, data }: Extract<ClusterRequest, { kind: 'api-call' }>,
  signal: AbortSignal | undefined,
): Promise<Json> {
  if (!isApiPath(urlPath)) {
    throw new KubeError(0, 'InvalidRequest', `\`${urlPath}\` is no path of the Kubernetes API`);
  }
  const { body } = await client.raw(urlPath.replaceAll(' ', '%20'), {
    method,
    ...(data ? { body: JSON.stringify(data), headers: { 'content-type': 'application/json' } } : {}),
    ...(signal ? { signal } : {}),
  });
  if (body.length >= MAX_RESPONSE_BYTES) {
    throw new KubeError(
      0,
      'ResponseTooLarge',
      `response length must be less than max allowed response length of ${MAX_RESPONSE_BYTES}`,
    );
  }
  return JSON.parse(Buffer.from(body).toString('utf8'));
}

/**
 * Whether a path stays where it says it is, however it is decoded: parts of it may come from a request. A service account
 * that may read `/metrics` must not be led there from `/api/`.
 */
function isApiPath(urlPath: string): boolean {
  const [path = ''] = urlPath.split('?', 1);
  if (UNSAFE.test(urlPath) || path.includes(' ') || !path.startsWith('/')) return false;
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  return API_ROOTS.has(segments[0] ?? '') && segments.every(isPlainSegment);
}

function isPlainSegment(segment: string): boolean {
  try {
    const decoded = decodeURIComponent(segment);
    return decoded !== '' && decoded !== '.' && decoded !== '..' && !/[/\\%]/.test(decoded);
  } catch {
    return false; // no valid encoding
  }
}

function toFailure(error: unknown, signal: AbortSignal | undefined): Fact<Json> {
  if (signal?.aborted) return { ok: false, class: 'timed-out', message: 'the API server did not answer in time' };
  if (!isKubeError(error)) {
    return { ok: false, class: 'permanent', message: error instanceof Error ? error.message : String(error) };
  }
  return { ok: false, class: classOf(error), message: error.message };
}

function classOf({ code, reason }: KubeError): FactFailureClass {
  if (code === 404) return 'not-found';
  if (code === 401 || code === 403) return 'denied';
  if (reason === 'RequestTimeout') return 'timed-out';
  if (code === 0 && reason !== 'Unreachable') return 'permanent';
  return code === 0 || code === 429 || code >= 500 ? 'transient' : 'permanent';
}
