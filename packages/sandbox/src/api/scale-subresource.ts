import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { isJsonObject, memberAt, numberAt, objectAt, valueAtPath, withPath } from '../store/json-value.ts';
import type { Cluster } from './cluster.ts';
import { toRequestVersion } from './convert.ts';
import { decodeBody, typedObject } from './decode-body.ts';
import { getObject } from './list-objects.ts';
import { metadataOf } from './object-metadata.ts';
import type { PatchBody } from './patch-object.ts';
import { applyPatch } from './patch-object.ts';
import type { WriteOptions } from './request-options.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { ObjectAnswer, RequestBody, ResourceRequest } from './resource-request.ts';
import type { Change } from './update-object.ts';
import { changeObject } from './update-object.ts';

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

/** True when the resource has `/scale`. */
export function hasScale(definition: ResourceDefinition): boolean {
  return definition.subresources.some(({ name }) => name === 'scale');
}

/** The `autoscaling/v1 Scale` of an object. */
function scaleOf(definition: ResourceDefinition, object: JsonObject): JsonObject {
  const paths = scalePaths(definition);
  const metadata = metadataOf(object);
  const shown: JsonObject = {};
  for (const key of ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp']) {
    const value = metadata[key];
    if (value !== undefined) {
      shown[key] = value;
    }
  }
  const replicas = valueAtPath(object, paths.spec);
  const current = valueAtPath(object, paths.status);
  const selector = selectorText(valueAtPath(object, paths.selector));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: shown,
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: { replicas: typeof current === 'number' ? current : 0, ...(selector === '' ? {} : { selector }) },
  };
}

function scalePaths({ custom }: ResourceDefinition): { spec: string[]; status: string[]; selector: string[] } {
  const split = (path: string): string[] => path.split('.').filter((part) => part !== '');
  if (custom?.scale === undefined) {
    return { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] };
  }
  const { specPath, statusPath, selectorPath } = custom.scale;
  return { spec: split(specPath), status: split(statusPath), selector: split(selectorPath) };
}

/** The text form of a label selector: of custom resources as stored, of built-in kinds printed. */
function selectorText(selector: JsonValue | undefined): string {
  if (typeof selector === 'string') {
    return selector;
  }
  if (!isJsonObject(selector)) {
    return '';
  }
  const labels =
    objectAt(selector, 'matchLabels') ?? (memberAt(selector, 'matchExpressions') === undefined ? selector : {});
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .sort()
    .join(',');
}

/** GET of `/scale`. */
export function getScale(cluster: Cluster, request: ResourceRequest): ObjectAnswer {
  const stored = getObject(cluster, request);
  const object = toRequestVersion(request.definition, stored.object);
  return { code: 200, object: scaleOf(request.definition, object), isResource: false };
}

/** PUT of `/scale`. */
export async function replaceScale(
  cluster: Cluster,
  request: ResourceRequest,
  body: RequestBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const scale = decodeScale(cluster, request, body, options);
  return changeScale(cluster, request, options, () => scale);
}

function decodeScale(cluster: Cluster, request: ResourceRequest, body: RequestBody, options: WriteOptions): JsonObject {
  // Scale is a built-in kind whatever it scales.
  const asBuiltIn = { ...request, definition: { ...request.definition, custom: undefined } };
  return decodeBody(cluster, asBuiltIn, body, options, SCALE);
}

/** PATCH of `/scale`. */
export async function patchScale(
  cluster: Cluster,
  request: ResourceRequest,
  patch: PatchBody,
  options: WriteOptions,
): Promise<ObjectAnswer> {
  const document = cluster.schema.parseYaml(new TextDecoder().decode(patch.bytes)).value;
  const asScale = { ...request, definition: { ...request.definition, ...SCALE, custom: undefined } };
  return changeScale(cluster, request, options, (scale) =>
    typedObject(cluster, SCALE, applyPatch(cluster, asScale, patch.mediaType, document, scale)),
  );
}

async function changeScale(
  cluster: Cluster,
  request: ResourceRequest,
  options: WriteOptions,
  change: (scale: JsonObject) => JsonObject,
): Promise<ObjectAnswer> {
  const { definition } = request;
  const merge = (object: JsonObject, scale: JsonObject): JsonObject =>
    withPath(object, scalePaths(definition).spec, numberAt(objectAt(scale, 'spec'), 'replicas') ?? 0);
  const plan: Change = {
    candidate: (existing) => ({ object: merge(existing, change(scaleOf(definition, existing))), tracked: false }),
    kind: SCALE,
    view: { show: (object) => scaleOf(definition, object), merge },
  };
  const answer = await changeObject(cluster, request, options, plan);
  return { code: 200, object: scaleOf(definition, answer.object), isResource: false };
}
