import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cluster } from '../api/cluster.ts';
import type { ResourceDefinition } from '../api/resource-definition.ts';
import type { ResourceRequest } from '../api/resource-request.ts';
import { forbidden, internalError, StatusError } from '../api/status-error.ts';
import type { UserInfo } from '../api/user-info.ts';
import type { JsonObject } from '../store/json-value.ts';
import { aggregatedDiscoveryVersion } from './accept.ts';
import type { StaticToken } from './authentication.ts';
import { authenticate } from './authentication.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, legacyApiVersions } from './discovery.ts';
import type { ExchangeObservers, ExchangeProbe } from './observed-exchange.ts';
import type { RequestPath } from './request-path.ts';
import { parseRequestPath } from './request-path.ts';
import type { Responder } from './responder.ts';
import { createResponder } from './responder.ts';
import { serveResource, verbOf } from './serve-resource.ts';

/** What the handler needs besides the cluster. */
export interface HandlerOptions {
  readonly tokens: readonly StaticToken[];
  /** `127.0.0.1:port`, known once the server listens. */
  readonly address: () => string;
  /** Reports a bug; never told about refusals. */
  readonly onError: (error: unknown) => void;
  readonly observers: ExchangeObservers;
}

const VERSION: JsonObject = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.4',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-10-01T00:00:00Z',
  goVersion: 'go1.26.0',
  compiler: 'gc',
  platform: 'linux/amd64',
};
const HEALTH_PATHS = /^\/(?:healthz|livez|readyz)(?:\/[a-z0-9/-]*)?$/;

/** The server's request listener. */
export function createRequestHandler(
  cluster: Cluster,
  options: HandlerOptions,
): (incoming: IncomingMessage, response: ServerResponse) => void {
  const documents = createDocumentCache(cluster);
  return (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'https://sandbox.invalid');
    const probe = options.observers.begin(incoming, url, cluster);
    const responder = createResponder(response, probe);
    serve({ cluster, options, documents, url, probe }, incoming, responder).catch((error: unknown) => {
      if (error instanceof StatusError) {
        responder.error(error);
      } else if (!response.destroyed) {
        options.onError(error);
        responder.error(internalError(error instanceof Error ? error.message : 'unknown'));
      }
    });
  };
}

interface ServedRequest {
  readonly cluster: Cluster;
  readonly options: HandlerOptions;
  readonly documents: DocumentCache;
  readonly url: URL;
  readonly probe: ExchangeProbe | undefined;
}

async function serve(
  { cluster, options, documents, url, probe }: ServedRequest,
  incoming: IncomingMessage,
  responder: Responder,
): Promise<void> {
  const user = authenticate(cluster, options.tokens, incoming.headers, incoming.socket);
  const path = parseRequestPath(url.pathname);
  if (path.kind === 'resource') {
    const definition = cluster.catalogue.find(path.group, path.version, path.plural);
    if (definition === undefined || !fitsScope(definition, path)) {
      pageNotFound(responder);
      return;
    }
    const request = resourceRequest(definition, path, url, user, incoming, responder);
    probe?.about(request);
    authorizeResource(cluster, request, verbOf(incoming.method ?? 'GET', request));
    await serveResource({ cluster, request, incoming, responder, probe });
    return;
  }
  authorizePath(cluster, user, url.pathname, (incoming.method ?? 'GET').toLowerCase());
  serveDocument(cluster, options, documents, path, url, incoming, responder);
}

function fitsScope(definition: ResourceDefinition, path: RequestPath & { kind: 'resource' }): boolean {
  const named = path.name !== '';
  return definition.namespaced ? path.namespace !== '' || !named : path.namespace === '';
}

function resourceRequest(
  definition: ResourceDefinition,
  path: RequestPath & { kind: 'resource' },
  url: URL,
  user: UserInfo,
  incoming: IncomingMessage,
  responder: Responder,
): ResourceRequest {
  return {
    definition,
    subresource: path.subresource,
    namespace: path.namespace,
    name: path.name,
    query: url.searchParams,
    user,
    userAgent: incoming.headers['user-agent'] ?? '',
    warn: (text) => responder.warn(text),
  };
}

function authorizeResource(cluster: Cluster, request: ResourceRequest, verb: string): void {
  const { definition, user, namespace, name, subresource } = request;
  const decision = cluster.authorizer.authorize({
    user,
    verb,
    group: definition.group,
    version: definition.version,
    plural: definition.plural,
    subresource,
    namespace,
    name,
    path: undefined,
  });
  if (decision.allowed) {
    return;
  }
  const part = subresource === '' ? definition.plural : `${definition.plural}/${subresource}`;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const reason = decision.reason === '' ? '' : `: ${decision.reason}`;
  throw forbidden(
    { group: definition.group, plural: definition.plural },
    name,
    `User ${JSON.stringify(user.username)} cannot ${verb} resource ${JSON.stringify(part)} in API group ${JSON.stringify(definition.group)} ${scope}${reason}`,
  );
}

function authorizePath(cluster: Cluster, user: UserInfo, path: string, verb: string): void {
  const decision = cluster.authorizer.authorize({
    user,
    verb,
    group: '',
    version: '',
    plural: '',
    subresource: '',
    namespace: '',
    name: '',
    path,
  });
  if (!decision.allowed) {
    throw forbidden(
      { group: '', plural: '' },
      '',
      `User ${JSON.stringify(user.username)} cannot ${verb} path ${JSON.stringify(path)}`,
    );
  }
}

function pageNotFound(responder: Responder): void {
  responder.response.setHeader('X-Content-Type-Options', 'nosniff');
  responder.text(404, '404 page not found\n', 'text/plain; charset=utf-8');
}

function serveDocument(
  cluster: Cluster,
  options: HandlerOptions,
  documents: DocumentCache,
  path: RequestPath,
  url: URL,
  incoming: IncomingMessage,
  responder: Responder,
): void {
  const send = (document: JsonObject | undefined, contentType = 'application/json'): void => {
    if (document === undefined) {
      pageNotFound(responder);
    } else {
      responder.text(200, `${JSON.stringify(document)}\n`, contentType);
    }
  };
  if (path.kind === 'group') {
    send(apiGroup(cluster.catalogue, path.group));
    return;
  }
  if (path.kind === 'groupVersion') {
    send(apiResourceList(cluster.catalogue, path.group, path.version));
    return;
  }
  const { pathname } = url;
  const trimmed = pathname.length > 1 ? pathname.replace(/\/+$/, '') : pathname;
  if (trimmed === '/api' || trimmed === '/apis') {
    const aggregated = aggregatedDiscoveryVersion(incoming.headers.accept);
    if (aggregated !== undefined) {
      const type = `application/json;g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`;
      send(aggregatedDiscovery(cluster.catalogue, trimmed === '/api', aggregated), type);
    } else {
      send(trimmed === '/api' ? legacyApiVersions(options.address()) : apiGroupList(cluster.catalogue));
    }
  } else if (trimmed === '/version') {
    send(VERSION);
  } else if (HEALTH_PATHS.test(trimmed)) {
    responder.text(200, 'ok', 'text/plain; charset=utf-8');
  } else if (trimmed === '/openapi/v3') {
    send(documents.index());
  } else if (trimmed.startsWith('/openapi/v3/')) {
    serveOpenApi(documents, trimmed.slice('/openapi/v3/'.length), incoming, responder);
  } else if (trimmed === '/') {
    send({ paths: ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'] });
  } else {
    pageNotFound(responder);
  }
}

interface DocumentCache {
  index(): JsonObject;
  document(path: string): { text: string; hash: string } | undefined;
}

/** OpenAPI documents are made on first use and kept until the resources change. */
function createDocumentCache(cluster: Cluster): DocumentCache {
  let generation = -1;
  const texts = new Map<string, { text: string; hash: string }>();
  let index: JsonObject | undefined;

  function refresh(): void {
    if (generation !== cluster.catalogue.generation) {
      generation = cluster.catalogue.generation;
      texts.clear();
      index = undefined;
    }
  }

  return {
    index() {
      refresh();
      index ??= cluster.schema.openapiIndex(cluster.catalogue.all());
      return index;
    },
    document(path) {
      refresh();
      let cached = texts.get(path);
      if (cached === undefined) {
        const document = cluster.schema.openapiDocument(path, cluster.catalogue.all());
        if (document === undefined) {
          return undefined;
        }
        const text = JSON.stringify(document);
        cached = { text, hash: createHash('sha256').update(text).digest('hex').toUpperCase() };
        texts.set(path, cached);
      }
      return cached;
    },
  };
}

function serveOpenApi(documents: DocumentCache, path: string, incoming: IncomingMessage, responder: Responder): void {
  const document = documents.document(path);
  if (document === undefined) {
    pageNotFound(responder);
    return;
  }
  const { response } = responder;
  const etag = `"${document.hash}"`;
  response.setHeader('ETag', etag);
  if (incoming.headers['if-none-match'] === etag) {
    response.writeHead(304);
    response.end();
    return;
  }
  responder.text(200, document.text, 'application/json');
}
