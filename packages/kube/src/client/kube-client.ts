import type { ClusterConnection } from '../config/cluster-connection.ts';
import type { UserInfo } from '../model/admission-review.ts';
import { type GroupVersionResource, toApiVersion } from '../model/group-version.ts';
import type { KubernetesObject, KubernetesObjectList } from '../model/kubernetes-object.ts';
import { isRecord, type UntypedRecord } from '../model/untyped.ts';
import { createDiscovery, type Discovery } from './discovery.ts';
import { impersonationHeaders } from './impersonation.ts';
import { KubeError } from './kube-error.ts';
import { type ListOptions, listPages, toKubernetesObject } from './list-pages.ts';
import { partialMetadataAccept } from './partial-metadata.ts';
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts';
import {
  createRequester,
  type KubeRequest,
  type KubeResponse,
  type Requester,
  type RequestObservation,
} from './requester.ts';
import { type QueryValue, type ResourceTarget, resourcePath } from './resource-path.ts';
import { createTransport, type Transport } from './transport.ts';

export interface KubeClientOptions {
  /** `vouchsafe` unless told. */
  readonly userAgent?: string;
  /** Requests per second on average; 50 unless told, 0 for no limit. */
  readonly queriesPerSecond?: number;
  /** Requests at once before the limit holds; 100 unless told. */
  readonly burst?: number;
  /** For one call with its retries; 30 s unless told. */
  readonly timeoutMilliseconds?: number;
  /** 64 MiB unless told. */
  readonly maximumResponseBytes?: number;
  /** Before a request is sent again the first time; doubles with each further one. 200 ms unless told. */
  readonly retryBackoffMilliseconds?: number;
  /** Act as someone else (needs the `impersonate` verb). */
  readonly impersonate?: UserInfo;
  /** Called after every exchange. Must not throw. */
  readonly onRequest?: (observation: RequestObservation) => void;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMilliseconds?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

export interface NamedTarget extends ResourceTarget {
  readonly name: string;
}

/** `json`: RFC 6902 operations; `merge`: RFC 7386; `strategic`: built-in kinds only; `apply`: server-side apply. */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface PatchOptions extends WriteOptions {
  /** Server-side apply only: take over fields of other managers. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** A request outside the typed methods; `path` starts with a slash and may carry a query. */
export type RawRequest = Omit<KubeRequest, 'path' | 'method'> & { readonly method?: KubeRequest['method'] };

/** Speaks to one API server. Every method rejects with {@link KubeError}, or with the reason of an aborted signal. */
export interface KubeClient {
  /** The namespace of the connection's context. */
  readonly namespace: string;
  readonly discovery: Discovery;
  readonly get: (gvr: GroupVersionResource, target: NamedTarget, options?: CallOptions) => Promise<KubernetesObject>;
  readonly list: (gvr: GroupVersionResource, options?: ListOptions) => Promise<KubernetesObjectList>;
  /** `target.namespace` falls back to the object's own; with `name` and `subresource` it creates on an object (eviction). */
  readonly create: (
    gvr: GroupVersionResource,
    object: KubernetesObject,
    target?: ResourceTarget,
    options?: WriteOptions,
  ) => Promise<KubernetesObject>;
  /** PUT; name and namespace are the object's own. */
  readonly update: (
    gvr: GroupVersionResource,
    object: KubernetesObject,
    subresource?: string,
    options?: WriteOptions,
  ) => Promise<KubernetesObject>;
  /** `apply` needs `fieldManager`. */
  readonly patch: (
    gvr: GroupVersionResource,
    target: NamedTarget,
    type: PatchType,
    patch: unknown,
    options?: PatchOptions,
  ) => Promise<KubernetesObject>;
  /** The API server's answer: a Status, or the object when it is still there. */
  readonly delete: (gvr: GroupVersionResource, target: NamedTarget, options?: DeleteOptions) => Promise<UntypedRecord>;
  readonly raw: (path: string, request?: RawRequest) => Promise<KubeResponse>;
  /** The body as it arrives: watches and followed logs. */
  readonly stream: (path: string, request?: RawRequest) => Promise<AsyncIterable<Uint8Array>>;
  /** The same connection and rate limit, acting as another user. Throws `InvalidRequest` without a user name. */
  readonly impersonate: (user: UserInfo) => KubeClient;
  /** Ends all connections; running requests fail. */
  readonly close: () => Promise<void>;
}

/** Makes a client; nothing is sent before the first call. */
export function createKubeClient(connection: ClusterConnection, options: KubeClientOptions = {}): KubeClient {
  const { queriesPerSecond = 50, burst = 100 } = options;
  return clientOver(connection, options, {
    transport: createTransport(connection),
    rateLimiter: createRateLimiter(queriesPerSecond, burst),
  });
}

interface ClientBase {
  readonly transport: Transport;
  readonly rateLimiter: RateLimiter;
}

function clientOver(connection: ClusterConnection, options: KubeClientOptions, base: ClientBase): KubeClient {
  const requester = createRequester({
    ...base,
    headers: {
      'user-agent': options.userAgent ?? 'vouchsafe',
      accept: 'application/json',
      ...(options.impersonate === undefined ? {} : impersonationHeaders(options.impersonate)),
    },
    timeoutMilliseconds: options.timeoutMilliseconds ?? 30_000,
    maximumResponseBytes: options.maximumResponseBytes ?? 64 * 1024 * 1024,
    retryBackoffMilliseconds: options.retryBackoffMilliseconds ?? 200,
    onRequest: options.onRequest,
  });
  return {
    namespace: connection.namespace,
    discovery: createDiscovery(requester),
    ...objectMethods(requester),
    raw: (path, request) => requester.request({ method: 'GET', ...request, path }),
    stream: (path, request) => requester.stream({ method: 'GET', ...request, path }),
    impersonate: (user) => clientOver(connection, { ...options, impersonate: user }, base),
    close: () => base.transport.close(),
  };
}

const patchContentTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  // JSON is YAML.
  apply: 'application/apply-patch+yaml',
};

function objectMethods(
  requester: Requester,
): Pick<KubeClient, 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete'> {
  const send = async (request: KubeRequest): Promise<UntypedRecord> =>
    parseBody(await requester.request(request), request);
  const write = (
    method: 'POST' | 'PUT' | 'PATCH',
    gvr: GroupVersionResource,
    target: ResourceTarget,
    body: unknown,
    { contentType = 'application/json', query = {}, ...options }: WriteOptions & WriteExtras,
  ): Promise<KubernetesObject> =>
    send({
      method,
      path: resourcePath(gvr, target, { ...writeQuery(options), ...query }),
      headers: { 'content-type': contentType },
      body: JSON.stringify(body),
      isIdempotent: contentType === patchContentTypes.apply,
      ...callOf(options),
    }).then((answer) => toKubernetesObject(answer, toApiVersion(gvr), ''));
  return {
    get: async (gvr, target, options = {}) => {
      const answer = await send({ method: 'GET', path: resourcePath(gvr, target), ...callOf(options) });
      return toKubernetesObject(answer, toApiVersion(gvr), '');
    },
    list: (gvr, options = {}) => {
      const { namespace, labelSelector, fieldSelector, resourceVersion, metadataOnly = false } = options;
      const headers = metadataOnly ? { accept: partialMetadataAccept('PartialObjectMetadataList') } : {};
      const selection = { labelSelector: labelSelector || undefined, fieldSelector: fieldSelector || undefined };
      return listPages(
        (page) => {
          // Later pages are of the moment in their token; a resource version beside it is refused.
          const moment = page.continue === undefined ? resourceVersion : undefined;
          const path = resourcePath(gvr, { namespace }, { ...selection, ...page, resourceVersion: moment });
          return send({ method: 'GET', path, headers, ...callOf(options) });
        },
        gvr,
        options,
      );
    },
    create: async (gvr, object, target = {}, options = {}) => {
      const namespace = target.namespace ?? object.metadata.namespace;
      return write('POST', gvr, { ...target, namespace }, object, options);
    },
    update: async (gvr, object, subresource, options = {}) => {
      const { namespace, name = '' } = object.metadata;
      return write('PUT', gvr, { namespace, name, subresource }, object, options);
    },
    patch: async (gvr, target, type, patch, { force, ...options } = {}) => {
      if (type === 'apply' && options.fieldManager === undefined) {
        throw new KubeError(0, 'InvalidRequest', 'server-side apply needs a field manager');
      }
      const query = { force: type === 'apply' ? (force ?? false) : undefined };
      return write('PATCH', gvr, target, patch, { ...options, query, contentType: patchContentTypes[type] });
    },
    delete: async (gvr, target, options = {}) => {
      const { dryRun = false, propagationPolicy, gracePeriodSeconds, preconditions } = options;
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy,
        gracePeriodSeconds,
        preconditions,
        dryRun: dryRun ? ['All'] : undefined,
      };
      return send({
        method: 'DELETE',
        path: resourcePath(gvr, target),
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...callOf(options),
      });
    },
  };
}

interface WriteExtras {
  readonly contentType?: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
}

function writeQuery({ dryRun, fieldManager, fieldValidation }: WriteOptions): Readonly<Record<string, QueryValue>> {
  return { dryRun: dryRun === true ? 'All' : undefined, fieldManager, fieldValidation };
}

function callOf({ signal, timeoutMilliseconds }: CallOptions): CallOptions {
  return { signal, timeoutMilliseconds };
}

function parseBody({ body }: KubeResponse, { method, path }: KubeRequest): UntypedRecord {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (isRecord(parsed)) return parsed;
  } catch {
    // Falls through to the error below.
  }
  throw new KubeError(0, 'MalformedResponse', `${method} ${path.split('?', 1)[0]} did not answer with a JSON object`);
}
