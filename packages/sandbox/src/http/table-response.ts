import type { Cluster } from '../api/cluster.ts';
import type { ListPage } from '../api/list-objects.ts';
import { listMetadata, listText, pageObjects } from '../api/list-objects.ts';
import { partialMetadata } from '../api/object-metadata.ts';
import type { ResourceDefinition } from '../api/resource-definition.ts';
import { apiVersionOf } from '../api/resource-definition.ts';
import { notAcceptable } from '../api/status-error.ts';
import type { WatchFormat } from '../api/watch-objects.ts';
import { resourceVersionOf } from '../api/watch-objects.ts';
import type { JsonObject } from '../store/json-value.ts';
import type { ResponseFormat } from './accept.ts';
import { RESPONSE_MEDIA_TYPES } from './accept.ts';

type IncludeObject = 'None' | 'Metadata' | 'Object';

/** `includeObject` of the query. */
function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
}

/** One object in the asked-for form. `text` is its plain JSON. */
export function objectText(
  cluster: Cluster,
  definition: ResourceDefinition,
  object: JsonObject,
  format: ResponseFormat,
  query: URLSearchParams,
  text = JSON.stringify(object),
): string {
  switch (format.as) {
    case 'object':
      return text;
    case 'Table':
      return JSON.stringify(
        cluster.schema.toTable({
          definition,
          objects: [object],
          includeObject: includeObjectOf(query),
          metadata: { resourceVersion: resourceVersionOf(object) },
          withColumns: true,
          now: cluster.now(),
        }),
      );
    case 'PartialObjectMetadata':
      return JSON.stringify(partialObject(object));
    case 'PartialObjectMetadataList':
      throw notAcceptable(RESPONSE_MEDIA_TYPES);
  }
}

function partialObject(object: JsonObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: partialMetadata(object) };
}

/** A list in the asked-for form. */
export function pageText(
  cluster: Cluster,
  definition: ResourceDefinition,
  page: ListPage,
  format: ResponseFormat,
  query: URLSearchParams,
): string {
  switch (format.as) {
    case 'object':
      return listText(definition, page);
    case 'Table':
      return JSON.stringify(
        cluster.schema.toTable({
          definition,
          objects: pageObjects(definition, page),
          includeObject: includeObjectOf(query),
          metadata: listMetadata(page),
          withColumns: true,
          now: cluster.now(),
        }),
      );
    case 'PartialObjectMetadataList':
      return JSON.stringify({
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata: listMetadata(page),
        items: pageObjects(definition, page).map(partialObject),
      });
    case 'PartialObjectMetadata':
      throw notAcceptable(RESPONSE_MEDIA_TYPES);
  }
}

/** How a watch prints the objects of its events. */
export function watchFormat(
  cluster: Cluster,
  definition: ResourceDefinition,
  format: ResponseFormat,
  query: URLSearchParams,
): WatchFormat {
  if (format.as === 'Table') {
    return tableWatchFormat(cluster, definition, query);
  }
  if (format.as === 'PartialObjectMetadata' || format.as === 'PartialObjectMetadataList') {
    return { print: (object) => JSON.stringify(partialObject(object)) };
  }
  return { print: (_object, text) => text };
}

function tableWatchFormat(cluster: Cluster, definition: ResourceDefinition, query: URLSearchParams): WatchFormat {
  let first = true;
  return {
    print(object, _text, bookmark) {
      const table = cluster.schema.toTable({
        definition,
        objects: bookmark ? [] : [object],
        includeObject: includeObjectOf(query),
        metadata: { resourceVersion: resourceVersionOf(object) },
        withColumns: first,
        now: cluster.now(),
      });
      first = false;
      return JSON.stringify(bookmark ? withBookmarkRow(table, definition, object) : table);
    },
  };
}

/** A bookmark of a table watch is a table whose single row carries the bookmark object. */
function withBookmarkRow(table: JsonObject, definition: ResourceDefinition, object: JsonObject): JsonObject {
  const metadata = object['metadata'] ?? {};
  const partial = { kind: definition.kind, apiVersion: apiVersionOf(definition), metadata };
  return { ...table, rows: [{ cells: [], object: partial }] };
}
