import type { IncomingMessage } from 'node:http';
import type { Cluster } from '../api/cluster.ts';
import { textOf, toRequestVersion } from '../api/convert.ts';
import { createObject } from '../api/create-object.ts';
import { readDocument } from '../api/decode-body.ts';
import { deleteCollection, deleteObject } from '../api/delete-object.ts';
import { parseDeleteOptions } from '../api/delete-options.ts';
import { getObject, listObjects } from '../api/list-objects.ts';
import { parseListOptions } from '../api/list-options.ts';
import { isApplyPatch, patchObject } from '../api/patch-object.ts';
import { bindPod, connectPod, createToken, evictPod, isConnect, readLog } from '../api/pod-subresources.ts';
import { parseWriteOptions } from '../api/request-options.ts';
import type { ObjectAnswer, RequestBody, ResourceRequest } from '../api/resource-request.ts';
import { answerReview, isReview } from '../api/review-resources.ts';
import { getScale, hasScale, patchScale, replaceScale } from '../api/scale-subresource.ts';
import { badRequest, methodNotAllowed, notAcceptable, notFound } from '../api/status-error.ts';
import { replaceObject } from '../api/update-object.ts';
import { prepareWatch } from '../api/watch-objects.ts';
import { isJsonObject } from '../store/json-value.ts';
import type { ResponseFormat } from './accept.ts';
import { negotiate, RESPONSE_MEDIA_TYPES } from './accept.ts';
import type { ExchangeProbe } from './observed-exchange.ts';
import { readBody } from './read-body.ts';
import type { Responder } from './responder.ts';
import { objectText, pageText, watchFormat } from './table-response.ts';

/** Bytes a watch may have waiting in its socket before it is ended. */
const WATCH_BACKLOG = 16 * 1024 * 1024;

/** Everything one resource request needs. */
export interface ResourceCall {
  readonly cluster: Cluster;
  readonly request: ResourceRequest;
  readonly incoming: IncomingMessage;
  readonly responder: Responder;
  readonly probe: ExchangeProbe | undefined;
}

/** The API verb of a request, as authorization and audit know it. */
export function verbOf(method: string, request: Pick<ResourceRequest, 'name' | 'query' | 'subresource'>): string {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return request.name === '' ? 'deletecollection' : 'delete';
    default:
      if (isConnect(request.subresource)) {
        return 'create';
      }
      if (isWatch(request.query)) {
        return 'watch';
      }
      return request.name === '' ? 'list' : 'get';
  }
}

function isWatch(query: URLSearchParams): boolean {
  const watch = query.get('watch');
  return watch === 'true' || watch === '1';
}

/** Serves one request for a resource of the catalogue. */
export async function serveResource(call: ResourceCall): Promise<void> {
  const { request, responder, incoming, cluster } = call;
  const { definition, subresource } = request;
  const format = negotiate(incoming.headers.accept);
  if (subresource !== '' && !knowsSubresource(call)) {
    // The real server looks the object up before it finds that there is no such part.
    getObject(cluster, request);
    throw notFound(definition, request.name);
  }
  if (isConnect(subresource) && definition.storage === 'pods') {
    await connectPod(cluster, request);
    return;
  }
  if (subresource === 'log' && definition.storage === 'pods') {
    responder.text(200, readLog(cluster, request), 'text/plain');
    return;
  }
  if (format === undefined) {
    throw notAcceptable(RESPONSE_MEDIA_TYPES);
  }
  const method = incoming.method ?? 'GET';
  if (method === 'GET' || method === 'HEAD') {
    serveRead(call, format);
    return;
  }
  const answer = await serveWrite(call, method);
  const text =
    answer.isResource && format.as !== 'object'
      ? objectText(cluster, definition, answer.object, format, request.query)
      : JSON.stringify(answer.object);
  responder.json(answer.code, text, format);
}

function knowsSubresource({ request }: ResourceCall): boolean {
  return request.definition.subresources.some(({ name }) => name === request.subresource);
}

function serveRead(call: ResourceCall, format: ResponseFormat): void {
  const { cluster, request, responder } = call;
  const { definition } = request;
  if (isWatch(request.query) && request.subresource === '') {
    serveWatch(call, format);
    return;
  }
  if (request.name === '') {
    if (!definition.verbs.includes('list')) {
      throw methodNotAllowed(definition, 'list');
    }
    const page = listObjects(cluster, request);
    responder.json(200, pageText(cluster, definition, page, format, request.query), format);
    return;
  }
  if (request.subresource === 'scale') {
    responder.json(200, JSON.stringify(getScale(cluster, request).object), format);
    return;
  }
  if (!definition.verbs.includes('get')) {
    throw methodNotAllowed(definition, 'get');
  }
  const stored = getObject(cluster, request);
  const object = toRequestVersion(definition, stored.object);
  responder.json(
    200,
    objectText(cluster, definition, object, format, request.query, textOf(definition, stored)),
    format,
  );
}

function serveWatch({ cluster, request, responder }: ResourceCall, format: ResponseFormat): void {
  const { definition } = request;
  if (!definition.verbs.includes('watch')) {
    throw methodNotAllowed(definition, 'watch');
  }
  // A watch of one object by path is a watch of the collection for its name.
  if (request.name !== '') {
    request.query.set('fieldSelector', `metadata.name=${request.name}`);
  }
  const start = prepareWatch(cluster, request);
  responder.startStream('application/json');
  const { response } = responder;
  const watch = start(watchFormat(cluster, definition, format, request.query), {
    send: (line) => {
      response.write(line);
      return response.writableLength < WATCH_BACKLOG;
    },
    end: () => response.end(),
  });
  response.on('close', () => watch.stop());
}

async function serveWrite(call: ResourceCall, method: string): Promise<ObjectAnswer> {
  switch (method) {
    case 'POST':
      return servePost(call);
    case 'PUT':
      return servePut(call);
    case 'PATCH':
      return servePatch(call);
    case 'DELETE':
      return serveDelete(call);
    default:
      throw methodNotAllowed(call.request.definition, method.toLowerCase());
  }
}

async function bodyOf({ incoming, probe }: ResourceCall): Promise<RequestBody & { readonly kind: 'bytes' }> {
  const body = { kind: 'bytes', bytes: await readBody(incoming), mediaType: mediaTypeOf(incoming) } as const;
  probe?.body(body.bytes, body.mediaType);
  return body;
}

function mediaTypeOf(incoming: IncomingMessage): string {
  return (incoming.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

async function servePost(call: ResourceCall): Promise<ObjectAnswer> {
  const { cluster, request } = call;
  const body = await bodyOf(call);
  if (isReview(request.definition)) {
    return answerReview(cluster, request, body);
  }
  const options = parseWriteOptions(request.query, 'CreateOptions');
  switch (`${request.definition.storage}/${request.subresource}`) {
    case 'pods/binding':
      return bindPod(cluster, request, body, options);
    case 'pods/eviction':
      return evictPod(cluster, request, body, options);
    case 'serviceaccounts/token':
      return createToken(cluster, request, body, options);
    default:
  }
  if (!request.definition.verbs.includes('create') || request.subresource !== '') {
    throw methodNotAllowed(request.definition, 'create');
  }
  return createObject(cluster, request, body, options);
}

async function servePut(call: ResourceCall): Promise<ObjectAnswer> {
  const { cluster, request } = call;
  if (!request.definition.verbs.includes('update') || request.name === '') {
    throw methodNotAllowed(request.definition, 'update');
  }
  const options = parseWriteOptions(request.query, 'UpdateOptions');
  const body = await bodyOf(call);
  return request.subresource === 'scale' && hasScale(request.definition)
    ? replaceScale(cluster, request, body, options)
    : replaceObject(cluster, request, body, options);
}

async function servePatch(call: ResourceCall): Promise<ObjectAnswer> {
  const { cluster, request } = call;
  if (!request.definition.verbs.includes('patch') || request.name === '') {
    throw methodNotAllowed(request.definition, 'patch');
  }
  const patch = await bodyOf(call);
  const options = parseWriteOptions(request.query, 'PatchOptions', isApplyPatch(patch.mediaType));
  return request.subresource === 'scale' && hasScale(request.definition)
    ? patchScale(cluster, request, patch, options)
    : patchObject(cluster, request, patch, options);
}

async function serveDelete(call: ResourceCall): Promise<ObjectAnswer> {
  const { cluster, request } = call;
  const { definition, query } = request;
  const body = await bodyOf(call);
  const empty = body.bytes.length === 0;
  const document = empty ? undefined : readDocument(cluster, body, 'DeleteOptions').object;
  if (document !== undefined && !isJsonObject(document)) {
    throw badRequest('the body of a delete must be DeleteOptions');
  }
  const options = parseDeleteOptions(document, query);
  if (request.name !== '') {
    return deleteObject(cluster, request, options);
  }
  if (!definition.verbs.includes('deletecollection')) {
    throw methodNotAllowed(definition, 'deletecollection');
  }
  const { selects } = parseListOptions(definition, query, false);
  const namespace = definition.namespaced && request.namespace !== '' ? request.namespace : undefined;
  const stored = cluster.store.list(definition.storage, namespace);
  const items = await deleteCollection(
    cluster,
    request,
    options,
    selects === undefined ? stored : stored.filter(selects),
  );
  const metadata = {
    ...(definition.custom === undefined ? {} : { continue: '' }),
    resourceVersion: String(cluster.store.revision),
  };
  const apiVersion = definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
  const list =
    definition.custom === undefined
      ? { kind: definition.listKind, apiVersion, metadata, items }
      : { apiVersion, items, kind: definition.listKind, metadata };
  return { code: 200, object: list, isResource: false };
}
