import type { JsonObject } from '../store/json-value.ts';
import type { StoredObject } from '../store/resource-store.ts';
import type { Cluster } from './cluster.ts';
import { textOf, toRequestVersion } from './convert.ts';
import type { ListOptions } from './list-options.ts';
import { continueToken, parseContinueToken, parseListOptions } from './list-options.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import { apiVersionOf } from './resource-definition.ts';
import type { ResourceRequest } from './resource-request.ts';
import { expired, notFound, resourceVersionTooLarge } from './status-error.ts';

/** One page of a list. */
export interface ListPage {
  readonly objects: readonly StoredObject[];
  readonly revision: number;
  /** Empty on the last page. */
  readonly continueToken: string;
  readonly remainingItemCount: number | undefined;
}

/** GET of one object. */
export function getObject(cluster: Cluster, request: ResourceRequest): StoredObject {
  const { definition, namespace, name } = request;
  const stored = cluster.store.get(definition.storage, namespace, name);
  if (stored === undefined) {
    throw notFound(definition, name);
  }
  return stored;
}

/** GET of a collection: one page. */
export function listObjects(cluster: Cluster, request: ResourceRequest): ListPage {
  const options = parseListOptions(request.definition, request.query, false);
  const revision = cluster.store.revision;
  if (options.resourceVersion !== undefined && options.resourceVersion > revision) {
    throw resourceVersionTooLarge(String(options.resourceVersion), revision);
  }
  const token =
    options.continueToken === ''
      ? undefined
      : parseContinueToken((text) => cluster.schema.parseJson(text), options.continueToken);
  const exact = options.resourceVersionMatch === 'Exact' ? options.resourceVersion : undefined;
  const at = token?.revision ?? exact ?? revision;
  const selected = selectAt(cluster, request, options, at);
  // Resource version 0 means "whatever is at hand": the server answers from its cache, in one piece.
  const limit = options.resourceVersion === 0 ? 0 : options.limit;
  return pageOf(selected, request, at, limit, token?.start, options.selects !== undefined);
}

function selectAt(
  cluster: Cluster,
  request: ResourceRequest,
  options: ListOptions,
  at: number,
): readonly StoredObject[] {
  const { definition } = request;
  const namespace = definition.namespaced && request.namespace !== '' ? request.namespace : undefined;
  const view =
    at === cluster.store.revision
      ? { objects: cluster.store.list(definition.storage, namespace) }
      : cluster.store.viewAt(definition.storage, namespace, at);
  if (view === undefined) {
    throw expired(
      options.continueToken === ''
        ? `The resourceVersion for the provided list is too old.`
        : 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    );
  }
  return options.selects === undefined ? view.objects : view.objects.filter(options.selects);
}

function pageOf(
  objects: readonly StoredObject[],
  request: ResourceRequest,
  revision: number,
  limit: number,
  start: string | undefined,
  filtered: boolean,
): ListPage {
  const key = (stored: StoredObject): string =>
    request.namespace === '' && request.definition.namespaced ? `${stored.namespace}/${stored.name}` : stored.name;
  const from = start === undefined ? objects : objects.filter((stored) => key(stored) >= start);
  if (limit === 0 || from.length <= limit) {
    return { objects: from, revision, continueToken: '', remainingItemCount: undefined };
  }
  const page = from.slice(0, limit);
  const last = page.at(-1);
  return {
    objects: page,
    revision,
    continueToken: last === undefined ? '' : continueToken(revision, key(last)),
    // With a selector the server does not count what is left.
    remainingItemCount: filtered ? undefined : from.length - limit,
  };
}

/** The list document as text; parts come from the cached texts of the objects. */
export function listText(definition: ResourceDefinition, page: ListPage): string {
  const apiVersion = apiVersionOf(definition);
  const resourceVersion = String(page.revision);
  if (definition.custom !== undefined) {
    const items = page.objects.map((stored) => textOf(definition, stored)).join(',');
    const metadata = JSON.stringify({
      continue: page.continueToken,
      ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
      resourceVersion,
    });
    return `{"apiVersion":${JSON.stringify(apiVersion)},"items":[${items}],"kind":${JSON.stringify(definition.listKind)},"metadata":${metadata}}`;
  }
  // Items of built-in lists carry no kind and apiVersion of their own.
  const head = `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
  const items = page.objects
    .map((stored) => {
      const text = textOf(definition, stored);
      return text.startsWith(head) ? `{${text.slice(head.length)}` : text;
    })
    .join(',');
  const kind = JSON.stringify(definition.listKind);
  return `{"kind":${kind},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(listMetadata(page))},"items":[${items}]}`;
}

/** ListMeta in struct order. */
export function listMetadata(page: ListPage): JsonObject {
  return {
    resourceVersion: String(page.revision),
    ...(page.continueToken === '' ? {} : { continue: page.continueToken }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
}

/** The objects of a page in the version of the request. */
export function pageObjects(definition: ResourceDefinition, page: ListPage): JsonObject[] {
  return page.objects.map((stored) => toRequestVersion(definition, stored.object));
}
