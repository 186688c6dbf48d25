import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '../kernel/json.ts';
import { SKIP_ANNOTATION } from '../model/bypass.ts';
import { readObject, readObjects, readText } from '../model/read-json.ts';

/** Where an object asks for a bypass, and what it would run. */
export interface BypassedContent {
  readonly annotations: JsonObject;
  /** What a grant is for: another content needs another grant. */
  readonly content: JsonObject;
}

/**
 * The annotations that ask, and the content they ask for: of a Pod its own, of what makes Pods those of the template,
 * which its Pods carry; `undefined` when nothing asks. Of a template and the Pod made from it the content is the same.
 */
export function bypassedContent(object: JsonObject): BypassedContent | undefined {
  const template = readTemplate(object);
  const templateSpec = readObject(template, 'spec');
  const annotations = [template, object].map(annotationsOf).find(asks);
  if (!annotations) return undefined;
  if (templateSpec) return { annotations, content: podContent(templateSpec) };
  const spec = readObject(object, 'spec');
  if (spec && object['kind'] === 'Pod' && object['apiVersion'] === 'v1') {
    return { annotations, content: podContent(spec) };
  }
  return { annotations, content: without(object, OUTSIDE_CONTENT) };
}

function readTemplate(object: JsonObject): JsonObject | undefined {
  const spec = readObject(object, 'spec');
  const ofJob = memberAt(spec, 'jobTemplate', 'spec');
  return readObject(isJsonObject(ofJob) ? ofJob : spec, 'template');
}

function annotationsOf(object: JsonObject | undefined): JsonObject | undefined {
  return readObject(readObject(object, 'metadata'), 'annotations');
}

function asks(annotations: JsonObject | undefined): boolean {
  return (readText(annotations, SKIP_ANNOTATION) ?? '').trim() !== '';
}

const OUTSIDE_CONTENT: ReadonlySet<string> = new Set(['metadata', 'status']);

/**
 * What controllers, the scheduler and the API server's own admission write into a Pod beyond its template. Everything
 * else counts: a Pod that differs from its template in it is not what somebody with the right let past.
 */
const ADDED_TO_PODS: ReadonlySet<string> = new Set([
  'nodeName',
  'nodeSelector',
  'affinity',
  'tolerations',
  'topologySpreadConstraints',
  'schedulingGates',
  'hostname',
  'subdomain',
  'priority',
  'priorityClassName',
  'preemptionPolicy',
  'overhead',
  'resources',
  'enableServiceLinks',
  'imagePullSecrets',
  'serviceAccount',
  'volumes',
]);
const ADDED_TO_CONTAINERS: ReadonlySet<string> = new Set([
  'env',
  'envFrom',
  'resources',
  'volumeMounts',
  'imagePullPolicy',
]);
const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

function podContent(spec: JsonObject): JsonObject {
  const content: Record<string, Json> = { ...without(spec, ADDED_TO_PODS) };
  content['serviceAccountName'] = readText(spec, 'serviceAccountName') || 'default';
  content['hostVolumes'] = readObjects(spec, 'volumes').filter((volume) => member(volume, 'hostPath') !== undefined);
  for (const key of CONTAINERS) {
    const containers = member(spec, key);
    if (!isJsonArray(containers)) continue;
    content[key] = containers.map((one) => (isJsonObject(one) ? without(one, ADDED_TO_CONTAINERS) : one));
  }
  return content;
}

/** The object without some members, and without those that are empty: `securityContext: {}` is the same as none. */
function without(object: JsonObject, dropped: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key, value]) => !dropped.has(key) && !isEmpty(value)));
}

function isEmpty(value: Json): boolean {
  if (isJsonArray(value)) return value.length === 0;
  return value === null || (isJsonObject(value) && Object.keys(value).length === 0);
}
