import type { VariableRecord } from '@vouchsafe/cel';
import { type Json, type JsonObject, member, memberAt, withMember } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { EvaluationRequest, GroupVersionKind } from '../../model/request.ts';

/** What expressions of admission policies are about. */
export interface AdmissionAttributes {
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
  readonly request: JsonObject;
  /** Empty for cluster-scoped objects and for Namespaces, which the API server names as their own. */
  readonly namespace: string;
}

/** As Kyverno gives them to `validate.cel`: objects carry the request's kind, empty words are absent (§2.3, §10). */
export function toAttributes({ request, resource }: Pick<RuleInput, 'request' | 'resource'>): AdmissionAttributes {
  const object = request.resource === undefined ? null : withKind(resource, request.kind);
  const oldObject = request.oldResource === undefined ? null : withKind(request.oldResource, request.kind);
  const about = object ?? oldObject;
  const { group, version, kind } = request.kind;
  const isNamespace = kind === 'Namespace' && group === '' && version === 'v1';
  const namespace = isNamespace ? '' : wordOf(request, about, 'namespace');
  return { object, oldObject, request: toCelRequest(request, wordOf(request, about, 'name'), namespace), namespace };
}

/** `namespaceObject` is left to the caller. */
export function toActivation({ object, oldObject, request }: AdmissionAttributes): VariableRecord {
  return { object, oldObject, request };
}

/** In an admission the API server tells; elsewhere the object does. */
function wordOf(request: EvaluationRequest, about: JsonObject | null, key: 'name' | 'namespace'): string {
  if (request.admission !== undefined) return request[key];
  const word = memberAt(about ?? {}, 'metadata', key);
  return typeof word === 'string' ? word : '';
}

/** The object as the API server shows it: with the kind of the request. */
export function withKind(object: JsonObject, { group, version, kind }: GroupVersionKind): JsonObject {
  const apiVersion = group === '' ? version : `${group}/${version}`;
  let known = object;
  if (member(known, 'apiVersion') !== apiVersion) known = withMember(known, 'apiVersion', apiVersion);
  return member(known, 'kind') === kind ? known : withMember(known, 'kind', kind);
}

const NO_RESOURCE: JsonObject = { group: '', version: '', resource: '' };

function toCelRequest(request: EvaluationRequest, name: string, namespace: string): JsonObject {
  const { admission, user } = request;
  const kind: JsonObject = { ...request.kind };
  const resource = (admission && member(admission, 'resource')) ?? NO_RESOURCE;
  const subresource = request.subresource;
  const userInfo: Record<string, Json> = {};
  if (user?.username) userInfo['username'] = user.username;
  if (user?.uid) userInfo['uid'] = user.uid;
  if (user && user.groups.length > 0) userInfo['groups'] = user.groups;
  if (user?.extra && Object.keys(user.extra).length > 0) userInfo['extra'] = user.extra;
  return {
    kind,
    resource,
    requestKind: kind,
    requestResource: resource,
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    ...(name === '' ? {} : { name }),
    ...(namespace === '' ? {} : { namespace }),
    operation: request.operation,
    userInfo,
    dryRun: request.dryRun,
    options: (admission && member(admission, 'options')) ?? null,
  };
}
