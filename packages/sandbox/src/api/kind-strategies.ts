import type { JsonObject } from '../store/json-value.ts';
import { objectAt, objectsAt, stringAt, stringsAt, withPath } from '../store/json-value.ts';
import { validateBuiltIn } from './built-in-validation.ts';
import type { Cluster } from './cluster.ts';
import { withMetadata } from './object-metadata.ts';
import { preparePod, preparePodUpdate, withPodSubresourceChanges } from './pod-strategy.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import { prepareService, prepareServiceUpdate } from './service-strategy.ts';
import type { FieldCause } from './status-error.ts';

/** What one built-in kind does on top of the generic rules. */
export interface KindStrategy {
  prepareForCreate?(cluster: Cluster, object: JsonObject): JsonObject;
  prepareForUpdate?(object: JsonObject, old: JsonObject, subresource: string): JsonObject;
  /** The old object as if what only this subresource may change had been so: the rest is compared by `validate`. */
  withSubresourceChanges?(object: JsonObject, old: JsonObject, subresource: string): JsonObject;
  validate?(object: JsonObject, old: JsonObject | undefined): readonly FieldCause[];
}

const STRATEGIES: ReadonlyMap<string, KindStrategy> = new Map<string, KindStrategy>([
  [
    'pods',
    {
      prepareForCreate: (_cluster, pod) => preparePod(pod),
      prepareForUpdate: preparePodUpdate,
      withSubresourceChanges: withPodSubresourceChanges,
    },
  ],
  ['services', { prepareForCreate: prepareService, prepareForUpdate: prepareServiceUpdate }],
  ['namespaces', { prepareForCreate: (_cluster, object) => prepareNamespace(object), prepareForUpdate: keepNamespace }],
  ['jobs.batch', { prepareForCreate: (_cluster, job) => prepareJob(job) }],
  [
    'daemonsets.apps',
    { prepareForCreate: (_cluster, object) => countTemplate(object, 1), prepareForUpdate: keepTemplate },
  ],
  ['customresourcedefinitions.apiextensions.k8s.io', { prepareForCreate: (_cluster, crd) => prepareCrd(crd) }],
  ['statefulsets.apps', { prepareForCreate: (_cluster, object) => nameClaimTemplates(object) }],
]);

/** The strategy of a built-in kind; undefined when it has none of its own. */
export function kindStrategy(definition: ResourceDefinition): KindStrategy | undefined {
  if (definition.custom !== undefined) {
    return undefined;
  }
  const strategy = STRATEGIES.get(definition.storage) ?? {};
  return { ...strategy, validate: (object, old) => validateBuiltIn(definition, object, old) };
}

/** `stringData` is written into `data` before anybody sees the Secret. */
export function stringDataToData(secret: JsonObject): JsonObject {
  const stringData = objectAt(secret, 'stringData');
  if (stringData === undefined) {
    return secret;
  }
  const data: JsonObject = { ...objectAt(secret, 'data') };
  for (const [key, value] of Object.entries(stringData)) {
    data[key] = typeof value === 'string' ? toBase64(value) : '';
  }
  return withPath({ ...secret, data }, ['stringData'], undefined);
}

function toBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}

function prepareCrd(crd: JsonObject): JsonObject {
  const storage = objectsAt(objectAt(crd, 'spec'), 'versions').find((version) => version['storage'] === true);
  const acceptedNames = { plural: '', kind: '' };
  return { ...crd, status: { conditions: null, acceptedNames, storedVersions: [stringAt(storage, 'name')] } };
}

function prepareNamespace(object: JsonObject): JsonObject {
  const finalizers = stringsAt(objectAt(object, 'spec'), 'finalizers');
  return {
    ...object,
    spec: {
      ...objectAt(object, 'spec'),
      finalizers: finalizers.includes('kubernetes') ? finalizers : ['kubernetes', ...finalizers],
    },
    status: { phase: 'Active' },
  };
}

/** Only `/finalize` changes spec.finalizers, only the server changes the phase. */
function keepNamespace(object: JsonObject, old: JsonObject, subresource: string): JsonObject {
  return subresource === 'finalize' ? object : withPath(object, ['spec'], old['spec']);
}

function prepareJob(job: JsonObject): JsonObject {
  const spec = objectAt(job, 'spec') ?? {};
  if (spec['manualSelector'] === true) {
    return job;
  }
  const metadata = objectAt(job, 'metadata');
  const uid = stringAt(metadata, 'uid');
  const name = stringAt(metadata, 'name');
  const template = objectAt(spec, 'template') ?? {};
  const labels: JsonObject = {
    ...objectAt(objectAt(template, 'metadata'), 'labels'),
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  const selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  return withPath(withPath(job, ['spec', 'selector'], selector), ['spec', 'template', 'metadata', 'labels'], labels);
}

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function countTemplate(object: JsonObject, generation: number): JsonObject {
  const annotations = {
    ...objectAt(objectAt(object, 'metadata'), 'annotations'),
    [TEMPLATE_GENERATION]: String(generation),
  };
  return withMetadata(object, { annotations }, false);
}

function keepTemplate(object: JsonObject, old: JsonObject): JsonObject {
  const before = Number(stringAt(objectAt(objectAt(old, 'metadata'), 'annotations'), TEMPLATE_GENERATION)) || 1;
  const template = JSON.stringify(objectAt(objectAt(object, 'spec'), 'template'));
  const same = template === JSON.stringify(objectAt(objectAt(old, 'spec'), 'template'));
  return countTemplate(object, same ? before : before + 1);
}

function nameClaimTemplates(object: JsonObject): JsonObject {
  const templates = objectsAt(objectAt(object, 'spec'), 'volumeClaimTemplates');
  if (templates.length === 0) {
    return object;
  }
  const named = templates.map((template) => ({
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    ...template,
    status: { phase: 'Pending' },
  }));
  return withPath(object, ['spec', 'volumeClaimTemplates'], named);
}
