import type { JsonObject } from '../../../kernel/json.ts';
import { matchWildcard } from '../../../kernel/wildcard.ts';
import { readObjects, readText, readTexts } from '../../../model/read-json.ts';
import type { FieldDifference } from './manifest-difference.ts';

/** Fields that may differ, of objects of some kinds. */
interface IgnoredFields {
  readonly objects: readonly ObjectReference[];
  readonly fields: readonly string[];
}

interface ObjectReference {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

const ofKind = (kind: string, ...fields: readonly string[]): IgnoredFields => ({ objects: [{ kind }], fields });

/** What the API server adds to every object and what tools keep there (the lists of k8s-manifest-sigstore and of Kyverno). */
const BOOKKEEPING: readonly IgnoredFields[] = [
  ofKind(
    '*',
    'metadata.namespace',
    'metadata.managedFields',
    'metadata.resourceVersion',
    'metadata.selfLink',
    'metadata.creationTimestamp',
    'metadata.uid',
    'metadata.generation',
    'metadata.finalizers',
    'metadata.annotations.namespace',
    'metadata.annotations.kubectl.kubernetes.io/last-applied-configuration',
    'metadata.annotations.control-plane.alpha.kubernetes.io/leader',
    'metadata.annotations.deprecated.daemonset.template.generation',
    'metadata.annotations.deployment.kubernetes.io/revision',
    'metadata.labels.app.kubernetes.io/instance',
    'status',
  ),
  ofKind('ClusterPolicy', 'metadata.annotations.pod-policies.kyverno.io/autogen-controllers'),
  ofKind('Policy', 'metadata.annotations.pod-policies.kyverno.io/autogen-controllers'),
];

/** What the API server fills in where a manifest says nothing; of pods, also inside of templates. */
const DEFAULTED: readonly IgnoredFields[] = [
  ofKind(
    '*',
    'spec.containers.*.imagePullPolicy',
    'spec.containers.*.terminationMessagePath',
    'spec.containers.*.terminationMessagePolicy',
    'spec.containers.*.ports.*.protocol',
    'spec.initContainers.*.imagePullPolicy',
    'spec.initContainers.*.terminationMessagePath',
    'spec.initContainers.*.terminationMessagePolicy',
    'spec.dnsPolicy',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.terminationGracePeriodSeconds',
    'spec.template.metadata.creationTimestamp',
    'spec.template.spec.volumes.*.configMap.defaultMode',
    'spec.template.spec.volumes.*.secret.defaultMode',
  ),
  ofKind(
    'Pod',
    'spec.volumes.*.name',
    'spec.volumes.*.projected',
    'spec.volumes.*.configMap.defaultMode',
    'spec.containers.*.volumeMounts',
    'spec.tolerations',
    'spec.enableServiceLinks',
    'spec.preemptionPolicy',
    'spec.priority',
    'spec.serviceAccount',
  ),
  ofKind('Deployment', 'spec.progressDeadlineSeconds', 'spec.revisionHistoryLimit', 'spec.strategy'),
  ofKind('CustomResourceDefinition', 'spec.conversion.strategy', 'spec.names.listKind'),
  ofKind(
    'Service',
    'spec.ports.*.nodePort',
    'spec.clusterIP',
    'spec.clusterIPs.0',
    'spec.sessionAffinity',
    'spec.type',
    'spec.ipFamilies',
    'spec.ipFamilyPolicy',
    'spec.internalTrafficPolicy',
  ),
  ofKind('ClusterPolicy', 'spec.failurePolicy', 'spec.background', 'spec.validationFailureAction'),
  ofKind('Policy', 'spec.failurePolicy', 'spec.background', 'spec.validationFailureAction'),
  ofKind('ServiceAccount', 'secrets.*.name', 'imagePullSecrets.*.name'),
  { objects: [{ group: 'route.openshift.io', kind: 'Route' }], fields: ['spec.host'] },
];

/** Filled in as empty maps; anything else there is a difference. */
const DEFAULTED_EMPTY = ['spec.containers.*.resources', 'spec.initContainers.*.resources', 'spec.securityContext'];

/** Tells whether a difference of one object does not count. */
export type IgnoresDifference = (difference: FieldDifference) => boolean;

/** `ignoreFields` of a rule, compiled with the built-in ones. */
export function compileIgnoredFields(manifests: JsonObject): (object: JsonObject) => IgnoresDifference {
  const written = readObjects(manifests, 'ignoreFields').map(
    (entry): IgnoredFields => ({
      objects: readObjects(entry, 'objects').map(toReference),
      fields: readTexts(entry, 'fields'),
    }),
  );
  return (object) => {
    const always = fieldsFor(object, [...BOOKKEEPING, ...written]);
    const added = fieldsFor(object, DEFAULTED);
    return ({ path, before, after }) => {
      if (always.some((field) => covers(field, path))) return true;
      // A default takes the place of nothing: what the manifest states stays as it was signed.
      if (before !== undefined) return false;
      return (
        added.some((field) => coversInTemplates(field, path)) ||
        (after === '{}' && DEFAULTED_EMPTY.some((field) => coversInTemplates(field, path)))
      );
    };
  };
}

function toReference(object: JsonObject): ObjectReference {
  const reference: Record<string, string> = {};
  for (const key of ['group', 'version', 'kind', 'name', 'namespace']) {
    const text = readText(object, key);
    if (text) reference[key] = text;
  }
  return reference;
}

function fieldsFor(object: JsonObject, ignored: readonly IgnoredFields[]): readonly string[] {
  const apiVersion = readText(object, 'apiVersion') ?? '';
  const slash = apiVersion.indexOf('/');
  const metadata = object['metadata'];
  const named = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : undefined;
  const own: Required<ObjectReference> = {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind: readText(object, 'kind') ?? '',
    name: readText(named as JsonObject | undefined, 'name') ?? '',
    namespace: readText(named as JsonObject | undefined, 'namespace') ?? '',
  };
  const fits = ({ group, version, kind, name, namespace }: ObjectReference): boolean =>
    isLike(group, own.group) &&
    isLike(version, own.version) &&
    isLike(kind, own.kind) &&
    isLike(name, own.name) &&
    isLike(namespace, own.namespace);
  return ignored.flatMap(({ objects, fields }) => (objects.some(fits) ? fields : []));
}

function isLike(pattern: string | undefined, text: string): boolean {
  return pattern === undefined || matchWildcard(pattern, text);
}

const TEMPLATES = [[], ['spec', 'template'], ['spec', 'jobTemplate', 'spec', 'template']] as const;

function coversInTemplates(field: string, path: FieldDifference['path']): boolean {
  return TEMPLATES.some(
    (template) => template.every((name, at) => path[at] === name) && covers(field, path.slice(template.length)),
  );
}

/**
 * Whether `field` names the leaf at `path` or something around it. Members with dots in their names stand in a field as they
 * are; `*` stands for one member or index. (Upstream searches for the field as a regular expression anywhere in the path.)
 */
function covers(field: string, path: FieldDifference['path'], from = 0): boolean {
  if (field === '') return true;
  if (from >= path.length) return false;
  const name = String(path[from]);
  if (field === name) return true;
  if (field.startsWith(`${name}.`) && covers(field.slice(name.length + 1), path, from + 1)) return true;
  const dot = field.indexOf('.');
  const piece = dot < 0 ? field : field.slice(0, dot);
  if (!piece.includes('*') || !matchWildcard(piece, name)) return false;
  return dot < 0 || covers(field.slice(dot + 1), path, from + 1);
}
