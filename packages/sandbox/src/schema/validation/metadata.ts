import {
  arrayMember,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  member,
  stringMember,
} from '../json/json-value.ts';
import { forbiddenCause, invalidCause, requiredCause, tooLongCause } from '../model/field-cause.ts';
import type { GroupVersionKind } from '../model/group-version-kind.ts';
import type { StatusCause } from '../model/status-cause.ts';
import {
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
} from './name-syntax.ts';

const MAX_ANNOTATION_BYTES = 256 * 1024;

/** Checks a name; returns the server's texts. */
export type NameRule = (name: string) => string[];

const NAME_RULES: Readonly<Record<string, NameRule>> = {
  '/Namespace': dns1123LabelProblems,
  '/Service': dns1123LabelProblems,
  'apps/StatefulSet': dns1123LabelProblems,
};

/** The rule for the names of a kind: a DNS subdomain, but for a few. */
export function nameRule({ group, kind }: GroupVersionKind): NameRule {
  if (group === 'rbac.authorization.k8s.io') return pathSegmentProblems;
  return NAME_RULES[`${group}/${kind}`] ?? dns1123SubdomainProblems;
}

/**
 * Problems of `metadata` on create and update (`ValidateObjectMeta` of apimachinery): names by kind, namespace, labels,
 * annotations, owners, finalizers. `isNamespaced` is that of the resource.
 */
export function validateMetadata(gvk: GroupVersionKind, object: JsonObject, isNamespaced: boolean): StatusCause[] {
  return validateObjectMeta(member(object, 'metadata'), isNamespaced, nameRule(gvk), 'metadata');
}

export function validateObjectMeta(
  metadata: JsonValue | undefined,
  isNamespaced: boolean,
  rule: NameRule,
  path: string,
): StatusCause[] {
  return [
    ...nameCauses(metadata, rule, path),
    ...namespaceCauses(stringMember(metadata, 'namespace'), isNamespaced, path),
    ...labelCauses(member(metadata, 'labels'), `${path}.labels`),
    ...annotationCauses(member(metadata, 'annotations'), `${path}.annotations`),
    ...ownerCauses(arrayMember(metadata, 'ownerReferences'), `${path}.ownerReferences`),
    ...finalizerCauses(arrayMember(metadata, 'finalizers'), `${path}.finalizers`),
  ];
}

function nameCauses(metadata: JsonValue | undefined, rule: NameRule, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const prefix = stringMember(metadata, 'generateName');
  const name = stringMember(metadata, 'name');
  if (prefix !== '') {
    for (const problem of rule(maskTrailingDash(prefix)))
      causes.push(invalidCause(`${path}.generateName`, prefix, problem));
  }
  if (name === '') causes.push(requiredCause(`${path}.name`, 'name or generateName is required'));
  else for (const problem of rule(name)) causes.push(invalidCause(`${path}.name`, name, problem));
  return causes;
}

/** A prefix may end in a dash: what is generated goes behind it. */
function maskTrailingDash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix;
}

function namespaceCauses(namespace: string, isNamespaced: boolean, path: string): StatusCause[] {
  if (!isNamespaced) return namespace === '' ? [] : [forbiddenCause(`${path}.namespace`, 'not allowed on this type')];
  if (namespace === '') return [requiredCause(`${path}.namespace`)];
  return dns1123LabelProblems(namespace).map((problem) => invalidCause(`${path}.namespace`, namespace, problem));
}

/** Problems of labels: keys are qualified names, values are short. */
export function labelCauses(labels: JsonValue | undefined, path: string): StatusCause[] {
  if (!isJsonObject(labels)) return [];
  return Object.keys(labels).flatMap((key) => {
    const value = labels[key] ?? null;
    return [
      ...qualifiedNameProblems(key).map((problem) => invalidCause(path, key, problem)),
      ...(typeof value === 'string' ? labelValueProblems(value) : []).map((problem) =>
        invalidCause(path, value, problem),
      ),
    ];
  });
}

function annotationCauses(annotations: JsonValue | undefined, path: string): StatusCause[] {
  if (!isJsonObject(annotations)) return [];
  const encoder = new TextEncoder();
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const key of Object.keys(annotations)) {
    for (const problem of qualifiedNameProblems(key.toLowerCase())) causes.push(invalidCause(path, key, problem));
    bytes += encoder.encode(key).length + encoder.encode(stringMember(annotations, key)).length;
  }
  if (bytes > MAX_ANNOTATION_BYTES) causes.push(tooLongCause(path, MAX_ANNOTATION_BYTES));
  return causes;
}

function ownerCauses(owners: readonly JsonValue[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  let controller = '';
  for (const owner of owners) {
    const text = (field: string) => stringMember(owner, field);
    if (text('apiVersion') === '') causes.push(invalidCause(`${path}.apiVersion`, '', 'version must not be empty'));
    for (const field of ['kind', 'name', 'uid']) {
      if (text(field) === '') causes.push(invalidCause(`${path}.${field}`, '', 'must not be empty'));
    }
    if (text('apiVersion') === 'v1' && text('kind') === 'Event') {
      causes.push(invalidCause(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (member(owner, 'controller') !== true) continue;
    const current = `${text('kind')}/${text('name')}`;
    if (controller === '') controller = current;
    else {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`;
      causes.push(invalidCause(path, [...owners], detail));
    }
  }
  return causes;
}

function finalizerCauses(finalizers: readonly JsonValue[], path: string): StatusCause[] {
  const names = finalizers.filter((finalizer) => typeof finalizer === 'string');
  const causes = names.flatMap((name) =>
    qualifiedNameProblems(name).map((problem) => invalidCause(path, name, problem)),
  );
  if (names.includes('orphan') && names.includes('foregroundDeletion')) {
    causes.push(invalidCause(path, names, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
  return causes;
}

/** Problems of changed metadata (`ValidateObjectMetaUpdate`), without those of the new metadata itself. */
export function validateMetadataUpdate(object: JsonObject, old: JsonObject): StatusCause[] {
  const metadata = member(object, 'metadata');
  const before = member(old, 'metadata');
  const causes: StatusCause[] = [];
  if (stringMember(before, 'deletionTimestamp') !== '') {
    const known = new Set(arrayMember(before, 'finalizers'));
    const added = arrayMember(metadata, 'finalizers').filter((finalizer) => !known.has(finalizer));
    if (added.length > 0) {
      const list = added
        .map((finalizer) => JSON.stringify(finalizer))
        .sort()
        .join(', ');
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
      causes.push(forbiddenCause('metadata.finalizers', detail));
    }
  }
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp']) {
    const value = stringMember(metadata, field);
    if (value !== stringMember(before, field))
      causes.push(invalidCause(`metadata.${field}`, value, 'field is immutable'));
  }
  return causes;
}

/** Problems of a port number. */
export function portNumberProblems(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** Problems of a port name (an IANA service name). */
export function portNameProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.length > 15) problems.push('must be no more than 15 bytes');
  if (!/^[-a-z0-9]+$/.test(name))
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)');
  if (name.includes('--')) problems.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}
