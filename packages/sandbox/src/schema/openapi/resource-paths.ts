import type { JsonObject, JsonValue } from '../json/json-value.ts';
import { apiVersionOf, type GroupVersionKind } from '../model/group-version-kind.ts';
import { gvkExtension } from './component-schemas.ts';

/** A resource as the documents describe it. */
export interface OpenApiResource extends GroupVersionKind {
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly group?: string;
    readonly version?: string;
    readonly verbs: readonly string[];
  }[];
  /** Set for custom resources. */
  readonly custom?: { readonly openApiSchema: JsonObject } | undefined;
}

/** References to the schemas an operation speaks of. */
export interface OperationSchemas {
  readonly object: JsonObject;
  readonly list: JsonObject;
  readonly deleteOptions: JsonObject;
  readonly status: JsonObject;
  readonly patch: JsonObject;
}

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const PATCH_TYPES = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];
const STRATEGIC = 'application/strategic-merge-patch+json';

const QUERY_TYPES: Readonly<Record<string, string>> = {
  allowWatchBookmarks: 'boolean',
  force: 'boolean',
  gracePeriodSeconds: 'integer',
  limit: 'integer',
  orphanDependents: 'boolean',
  sendInitialEvents: 'boolean',
  timeoutSeconds: 'integer',
  watch: 'boolean',
};

const WRITE = ['dryRun', 'fieldManager', 'fieldValidation'];
const LIST = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
];
const DELETE = ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy'];

/** The paths of a resource and its subresources. */
export function resourcePaths(resource: OpenApiResource, schemas: OperationSchemas): Record<string, JsonObject> {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${apiVersionOf(resource)}`;
  const collection = `${root}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
  const paths: Record<string, JsonObject> = {};
  const add = (path: string, operations: JsonObject) => {
    if (Object.keys(operations).length > 0) paths[path] = { ...operations, parameters: pathParameters(path) };
  };
  add(collection, collectionOperations(resource, schemas));
  if (resource.namespaced && resource.verbs.includes('list')) {
    add(`${root}/${resource.plural}`, { get: operation(resource, 'list', LIST, schemas.list) });
  }
  add(`${collection}/{name}`, objectOperations(resource, resource.verbs, resource, schemas));
  for (const sub of resource.subresources) {
    const kind = { group: sub.group ?? resource.group, version: sub.version ?? resource.version, kind: sub.kind };
    add(`${collection}/{name}/${sub.name}`, objectOperations(resource, sub.verbs, kind, schemas));
  }
  return paths;
}

function pathParameters(path: string): JsonValue {
  const names = ['name', 'namespace'].filter((name) => path.includes(`{${name}}`));
  const parameters: JsonObject[] = names.map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return [...parameters, queryParameter('pretty')];
}

function queryParameter(name: string): JsonObject {
  return { name, in: 'query', schema: { type: QUERY_TYPES[name] ?? 'string' } };
}

function collectionOperations(resource: OpenApiResource, schemas: OperationSchemas): JsonObject {
  const has = (verb: string) => resource.verbs.includes(verb);
  return {
    ...(has('deletecollection')
      ? { delete: operation(resource, 'deletecollection', [...LIST, ...DELETE], schemas.status, schemas.deleteOptions) }
      : {}),
    ...(has('list') ? { get: operation(resource, 'list', LIST, schemas.list) } : {}),
    ...(has('create') ? { post: operation(resource, 'post', WRITE, schemas.object, schemas.object) } : {}),
  };
}

function objectOperations(
  resource: OpenApiResource,
  verbs: readonly string[],
  kind: GroupVersionKind,
  schemas: OperationSchemas,
): JsonObject {
  const isOwnKind = kind.kind === resource.kind && kind.group === resource.group && kind.version === resource.version;
  const object = isOwnKind ? schemas.object : {};
  const isObject = verbs === resource.verbs;
  return {
    ...(verbs.includes('delete')
      ? { delete: operation(kind, 'delete', DELETE, schemas.status, schemas.deleteOptions) }
      : {}),
    ...(verbs.includes('get') ? { get: operation(kind, 'get', [], object) } : {}),
    ...(verbs.includes('patch') ? { patch: patchOperation(resource, kind, object, schemas.patch) } : {}),
    ...(verbs.includes('create') && !isObject ? { post: operation(kind, 'post', WRITE, object, object) } : {}),
    ...(verbs.includes('update') ? { put: operation(kind, 'put', WRITE, object, object) } : {}),
  };
}

/** Clients take the patch types a kind accepts from here: custom resources have no strategic merge. */
function patchOperation(
  resource: OpenApiResource,
  kind: GroupVersionKind,
  object: JsonObject,
  patch: JsonObject,
): JsonObject {
  const types = resource.custom === undefined ? [...PATCH_TYPES, STRATEGIC] : PATCH_TYPES;
  return {
    ...operation(kind, 'patch', [...WRITE, 'force'], object),
    requestBody: { required: true, content: contentOf(types, patch) },
  };
}

function operation(
  kind: GroupVersionKind,
  action: string,
  query: readonly string[],
  answer: JsonObject,
  body?: JsonObject,
): JsonObject {
  return {
    parameters: query.map(queryParameter),
    ...(body === undefined ? {} : { requestBody: { content: contentOf(['*/*'], body), required: true } }),
    responses: { '200': { description: 'OK', content: contentOf(OBJECT_TYPES, answer) } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvkExtension(kind),
  };
}

function contentOf(types: readonly string[], schema: JsonObject): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

/** References every document needs. */
export function sharedSchemas(
  addType: (typeName: string) => JsonObject,
): Pick<OperationSchemas, 'deleteOptions' | 'status' | 'patch'> {
  return {
    deleteOptions: addType('meta.v1.DeleteOptions'),
    status: addType('meta.v1.Status'),
    patch: addType('meta.v1.Patch'),
  };
}
