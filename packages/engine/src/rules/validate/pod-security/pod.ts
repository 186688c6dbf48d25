import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '../../../kernel/json.ts';

export type ContainerList = 'initContainers' | 'containers' | 'ephemeralContainers';

/** The order in which Pod Security looks at containers. */
export const CONTAINER_LISTS: readonly ContainerList[] = ['initContainers', 'containers', 'ephemeralContainers'];

export interface Container {
  readonly name: string;
  /** `spec.containers[0]`. */
  readonly path: string;
  readonly value: JsonObject;
  /** Its `securityContext`, which most checks look at; null when it has none. */
  readonly context: Json;
}

/** The parts of a Pod, or of a pod template, that Pod Security checks read. */
export interface Pod {
  readonly annotations: JsonObject;
  readonly spec: JsonObject;
  /** Its own `securityContext`; null when it has none. */
  readonly context: Json;
  readonly containers: readonly Container[];
}

const TEMPLATES: ReadonlyMap<string, readonly [spec: readonly string[], metadata: readonly string[]]> = new Map([
  ['Pod', [['spec'], ['metadata']]],
  [
    'CronJob',
    [
      ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
      ['spec', 'jobTemplate', 'metadata'],
    ],
  ],
  ...['DaemonSet', 'Deployment', 'Job', 'StatefulSet', 'ReplicaSet', 'ReplicationController'].map(
    (kind): [string, [readonly string[], readonly string[]]] => [
      kind,
      [
        ['spec', 'template', 'spec'],
        ['spec', 'template', 'metadata'],
      ],
    ],
  ),
]);

/** The Pod a resource is or makes; `undefined` for kinds that make none. A CronJob's metadata is the job template's. */
export function podOf(resource: JsonObject): Pod | undefined {
  const kind = member(resource, 'kind');
  const places = typeof kind === 'string' ? TEMPLATES.get(kind) : undefined;
  if (!places) return undefined;
  const [specPath, metadataPath] = places;
  return createPod(
    objectOr(memberAt(resource, ...specPath)),
    objectOr(memberAt(resource, ...metadataPath, 'annotations')),
  );
}

export function createPod(spec: JsonObject, annotations: JsonObject): Pod {
  const containers: Container[] = [];
  for (const list of CONTAINER_LISTS) {
    const items = member(spec, list);
    if (!isJsonArray(items)) continue;
    for (const [index, item] of items.entries()) {
      const value = objectOr(item);
      const path = `spec.${list}[${index}]`;
      containers.push({ name: textOf(member(value, 'name')), path, value, context: contextOf(value) });
    }
  }
  return { spec, annotations, context: contextOf(spec), containers };
}

function contextOf(value: JsonObject): Json {
  return member(value, 'securityContext') ?? null;
}

function objectOr(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The text at a path, empty when there is none. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  return textOf(memberAt(value, ...path));
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The objects of the list at a path, with their places. */
export function itemsAt(value: Json | undefined, ...path: readonly string[]): readonly JsonObject[] {
  const found = memberAt(value, ...path);
  return isJsonArray(found) ? found.map(objectOr) : [];
}

/** The texts of the list at a path, sorted, each once. */
export function textsAt(value: Json | undefined, ...path: readonly string[]): readonly string[] {
  const found = memberAt(value, ...path);
  if (!isJsonArray(found)) return [];
  return [...new Set(found.filter((item): item is string => typeof item === 'string'))].sort();
}
