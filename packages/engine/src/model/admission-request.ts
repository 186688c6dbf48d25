import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import type { EvaluationRequest, GroupVersionKind, Operation, UserInfo } from './request.ts';

/** What an AdmissionRequest does not say itself. */
export interface RequestSurroundings {
  /** `namespace:name`, sorted. */
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The kind of the parent, for a subresource whose objects are of another kind (`Scale`, `Binding`). */
  readonly kind?: GroupVersionKind;
}

/** The AdmissionRequest of an admission.k8s.io/v1 AdmissionReview as what is evaluated. */
export function toRequest(admission: JsonObject, surroundings: RequestSurroundings): EvaluationRequest {
  const { roles, clusterRoles, namespaceLabels, now, kind } = surroundings;
  // No object inherits a member of such a name, so all are read plainly, here and below: V8 then knows where they are.
  const { kind: ownKind, subResource, namespace, name, dryRun, userInfo, resource, operation } = admission;
  const plural = isJsonObject(resource) ? toText(resource['resource']) : '';
  const request: { -readonly [Key in keyof EvaluationRequest]: EvaluationRequest[Key] } = {
    operation: toOperation(operation),
    kind: kind ?? toKind(ownKind),
    subresource: toText(subResource),
    namespace: toText(namespace),
    name: toText(name),
    resource: toBody(admission['object']),
    oldResource: toBody(admission['oldObject']),
    admission,
    user: isJsonObject(userInfo) ? toUser(userInfo) : undefined,
    roles,
    clusterRoles,
    namespaceLabels,
    dryRun: dryRun === true,
    now,
  };
  if (plural !== '') request.plural = plural;
  return request;
}

function toText(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function toOperation(text: Json | undefined): Operation {
  return text === 'UPDATE' || text === 'DELETE' || text === 'CONNECT' ? text : 'CREATE';
}

const NOTHING: JsonObject = {};

function toKind(given: Json | undefined): GroupVersionKind {
  const { group, version, kind } = isJsonObject(given) ? given : NOTHING;
  return { group: toText(group), version: toText(version), kind: toText(kind) };
}

/** An object, `undefined` for null: a DELETE has no new object, a CREATE no old one. */
function toBody(body: Json | undefined): JsonObject | undefined {
  return isJsonObject(body) ? body : undefined;
}

function toUser(user: JsonObject): UserInfo {
  const { uid, extra, username, groups } = user;
  const made: { -readonly [Key in keyof UserInfo]: UserInfo[Key] } = {
    username: toText(username),
    groups: toTexts(groups),
  };
  if (typeof uid === 'string') made.uid = uid;
  if (isJsonObject(extra)) made.extra = extra;
  return made;
}

function toTexts(list: Json | undefined): readonly string[] {
  if (!isJsonArray(list)) return [];
  return list.every((item) => typeof item === 'string') ? list : list.filter((item) => typeof item === 'string');
}
