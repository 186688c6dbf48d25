import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { isJsonObject, memberAt, stringAt } from '../store/json-value.ts';
import type { Cluster } from './cluster.ts';
import { placeInNamespace } from './create-object.ts';
import { finishDecoding } from './decode-body.ts';
import { metadataOf, nameOf, withMetadata } from './object-metadata.ts';
import type { WriteOptions } from './request-options.ts';
import { apiVersionOf, parseApiVersion } from './resource-definition.ts';
import type { ObjectAnswer, ResourceRequest } from './resource-request.ts';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.ts';
import { isSorted } from './strategy.ts';
import type { Candidate } from './update-object.ts';
import { changeObject } from './update-object.ts';

/** A patch body with its media type. */
export interface PatchBody {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_YAML = 'application/apply-patch+yaml';

/** Patch media types a resource accepts; strategic merge needs Go types, so custom resources lack it. */
function patchMediaTypes(custom: boolean): readonly string[] {
  return custom ? [JSON_PATCH, MERGE_PATCH, APPLY_YAML] : [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_YAML];
}

export function isApplyPatch(mediaType: string): boolean {
  return mediaType === APPLY_YAML;
}

/** PATCH of an object or its status. */
export async function patchObject(
  cluster: Cluster,
  request: ResourceRequest,
  patch: PatchBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const accepted = patchMediaTypes(request.definition.custom !== undefined);
  if (!accepted.includes(patch.mediaType)) {
    throw unsupportedMediaType(accepted);
  }
  if (isApplyPatch(patch.mediaType)) {
    return applyObject(cluster, request, patch, options);
  }
  const document = parsePatch(cluster, patch);
  return changeObject(cluster, request, options, {
    candidate: (existing) => patchedCandidate(cluster, request, patch.mediaType, document, existing, options),
  });
}

function parsePatch(cluster: Cluster, patch: PatchBody): JsonValue {
  try {
    return cluster.schema.parseJson(new TextDecoder().decode(patch.bytes)).value;
  } catch (error) {
    if (error instanceof StatusError) {
      throw badRequest(`error decoding patch: ${error.message}`);
    }
    throw error;
  }
}

/** Applies a parsed patch to any object of a request (also to `scale` views). */
export function applyPatch(
  cluster: Cluster,
  request: ResourceRequest,
  mediaType: string,
  patch: JsonValue,
  object: JsonObject,
): JsonObject {
  switch (mediaType) {
    case JSON_PATCH:
      return cluster.schema.applyJsonPatch(object, patch);
    case MERGE_PATCH:
      return cluster.schema.applyMergePatch(object, requireObject(patch));
    default:
      return cluster.schema.applyStrategicMergePatch(request.definition, object, requireObject(patch));
  }
}

function requireObject(patch: JsonValue): JsonObject {
  if (!isJsonObject(patch)) {
    const type = Array.isArray(patch) ? 'array' : typeof patch === 'boolean' ? 'bool' : typeof patch;
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
    );
  }
  return patch;
}

function patchedCandidate(
  cluster: Cluster,
  request: ResourceRequest,
  mediaType: string,
  patch: JsonValue,
  existing: JsonObject,
  options: WriteOptions,
): Candidate {
  const patched = applyPatch(cluster, request, mediaType, patch, existing);
  const decoded = finishDecoding(cluster, request, patched, [], options);
  if (nameOf(decoded) !== request.name) {
    throw badRequest(
      `the name of the object (${nameOf(decoded)}) does not match the name on the URL (${request.name})`,
    );
  }
  return { object: decoded, tracked: false };
}

/** Server-side apply: creates or merges, by field ownership. */
async function applyObject(
  cluster: Cluster,
  request: ResourceRequest,
  patch: PatchBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const { definition } = request;
  const config = applyConfiguration(cluster, request, patch);
  const apply = (live: JsonObject | undefined): Candidate => {
    const applied = cluster.schema.serverSideApply({
      live,
      config,
      kind: definition,
      schema: definition.custom?.openApiSchema,
      manager: options.fieldManager,
      force: options.force ?? false,
      subresource: request.subresource,
      now: cluster.now(),
    });
    return { object: finishApplied(cluster, request, applied, options), tracked: true };
  };
  return changeObject(cluster, request, options, {
    candidate: apply,
    ...(request.subresource === '' ? { create: () => createdByApply(request, apply(undefined)) } : {}),
  });
}

function createdByApply(request: ResourceRequest, candidate: Candidate): Candidate {
  const placed = placeInNamespace(request, candidate.object);
  return { object: withMetadata(placed, { resourceVersion: undefined }, isSorted(request.definition)), tracked: true };
}

function applyConfiguration(cluster: Cluster, request: ResourceRequest, patch: PatchBody): JsonObject {
  const { value } = cluster.schema.parseYaml(new TextDecoder().decode(patch.bytes));
  if (!isJsonObject(value)) {
    throw badRequest(`error decoding YAML: json: cannot unmarshal into Go value of type map[string]interface {}`);
  }
  const { definition } = request;
  const apiVersion = stringAt(value, 'apiVersion');
  const kind = stringAt(value, 'kind');
  if (apiVersion !== apiVersionOf(definition) || kind !== definition.kind) {
    const { group, version } = parseApiVersion(apiVersion);
    throw badRequest(`invalid object type: ${group}/${version}, Kind=${kind}`);
  }
  if (memberAt(metadataOf(value), 'managedFields') !== undefined) {
    throw badRequest('metadata.managedFields must be nil');
  }
  const name = nameOf(value);
  if (name !== '' && name !== request.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${request.name})`);
  }
  return name === '' ? withMetadata(value, { name: request.name }, false) : value;
}

/** Applied objects get their types, defaults and pruning like any other; ownership is already settled. */
function finishApplied(
  cluster: Cluster,
  request: ResourceRequest,
  applied: JsonObject,
  options: WriteOptions,
): JsonObject {
  const managedFields = metadataOf(applied)['managedFields'];
  const finished = finishDecoding(cluster, request, applied, [], { ...options, fieldValidation: 'Ignore' });
  return withMetadata(finished, { managedFields }, isSorted(request.definition));
}
