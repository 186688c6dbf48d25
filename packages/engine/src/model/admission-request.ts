import { isJsonObject, type JsonObject, member } from '../kernel/json.ts';
import { readFlag, readObject, readText, readTexts } from './read-json.ts';
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
  const user = readObject(admission, 'userInfo');
  const plural = readText(readObject(admission, 'resource'), 'resource') ?? '';
  const request: { -readonly [Key in keyof EvaluationRequest]: EvaluationRequest[Key] } = {
    operation: toOperation(readText(admission, 'operation')),
    kind: kind ?? toKind(readObject(admission, 'kind')),
    subresource: readText(admission, 'subResource') ?? '',
    namespace: readText(admission, 'namespace') ?? '',
    name: readText(admission, 'name') ?? '',
    resource: readBody(admission, 'object'),
    oldResource: readBody(admission, 'oldObject'),
    admission,
    user: user && toUser(user),
    roles,
    clusterRoles,
    namespaceLabels,
    dryRun: readFlag(admission, 'dryRun') ?? false,
    now,
  };
  if (plural !== '') request.plural = plural;
  return request;
}

function toOperation(text: string | undefined): Operation {
  return text === 'UPDATE' || text === 'DELETE' || text === 'CONNECT' ? text : 'CREATE';
}

function toKind(kind: JsonObject | undefined): GroupVersionKind {
  return {
    group: readText(kind, 'group') ?? '',
    version: readText(kind, 'version') ?? '',
    kind: readText(kind, 'kind') ?? '',
  };
}

/** An object, `undefined` for null: a DELETE has no new object, a CREATE no old one. */
function readBody(admission: JsonObject, key: string): JsonObject | undefined {
  const body = member(admission, key);
  return isJsonObject(body) ? body : undefined;
}

function toUser(user: JsonObject): UserInfo {
  const uid = readText(user, 'uid');
  const extra = readObject(user, 'extra');
  const made: { -readonly [Key in keyof UserInfo]: UserInfo[Key] } = {
    username: readText(user, 'username') ?? '',
    groups: readTexts(user, 'groups'),
  };
  if (uid !== undefined) made.uid = uid;
  if (extra) made.extra = extra;
  return made;
}
