import type { JsonObject, JsonValue } from '../store/json-value.ts';
import { memberAt, objectAt, stringAt, stringsAt } from '../store/json-value.ts';
import type { AccessAttributes } from './authorizer.ts';
import type { Cluster } from './cluster.ts';
import { decodeBody } from './decode-body.ts';
import { PLAIN_WRITE } from './request-options.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { ObjectAnswer, RequestBody, ResourceRequest } from './resource-request.ts';
import type { UserInfo } from './user-info.ts';
import { userInfoJson } from './user-info.ts';

const REVIEWS = new Set([
  'selfsubjectreviews.authentication.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
]);

/** True for resources that answer a question and store nothing. */
export function isReview(definition: ResourceDefinition): boolean {
  return definition.custom === undefined && REVIEWS.has(definition.storage);
}

/** POST of a review: the object with its status filled in. */
export function answerReview(cluster: Cluster, request: ResourceRequest, body: RequestBody): ObjectAnswer {
  const review = decodeBody(cluster, request, body, PLAIN_WRITE);
  return { code: 201, object: { ...review, ...answerOf(cluster, request, review) }, isResource: true };
}

function answerOf(cluster: Cluster, request: ResourceRequest, review: JsonObject): JsonObject {
  const spec = objectAt(review, 'spec') ?? {};
  switch (request.definition.plural) {
    case 'selfsubjectreviews':
      return { status: { userInfo: userInfoJson(request.user) } };
    case 'tokenreviews':
      return { status: tokenStatus(cluster, spec) };
    case 'selfsubjectaccessreviews':
      return { status: accessStatus(cluster, request.user, spec) };
    case 'selfsubjectrulesreviews':
      return { status: rulesStatus(cluster, request.user, stringAt(spec, 'namespace')) };
    default:
      return { status: accessStatus(cluster, subjectOf(spec), spec) };
  }
}

function subjectOf(spec: JsonObject): UserInfo {
  const extra: Record<string, string[]> = {};
  for (const key of Object.keys(objectAt(spec, 'extra') ?? {})) {
    extra[key] = stringsAt(objectAt(spec, 'extra'), key);
  }
  return {
    username: stringAt(spec, 'user'),
    uid: stringAt(spec, 'uid'),
    groups: stringsAt(spec, 'groups'),
    extra,
  };
}

function accessStatus(cluster: Cluster, user: UserInfo, spec: JsonObject): JsonObject {
  const resource = objectAt(spec, 'resourceAttributes');
  const plain = objectAt(spec, 'nonResourceAttributes');
  const access: AccessAttributes = {
    user,
    verb: stringAt(resource ?? plain, 'verb'),
    group: stringAt(resource, 'group'),
    version: stringAt(resource, 'version'),
    plural: stringAt(resource, 'resource'),
    subresource: stringAt(resource, 'subresource'),
    namespace: stringAt(resource, 'namespace'),
    name: stringAt(resource, 'name'),
    path: resource === undefined ? stringAt(plain, 'path') : undefined,
  };
  const { allowed, reason } = cluster.authorizer.authorize(access);
  return { allowed, ...(reason === '' ? {} : { reason }) };
}

function rulesStatus(cluster: Cluster, user: UserInfo, namespace: string): JsonObject {
  const { resourceRules, nonResourceRules } = cluster.authorizer.rulesFor(user, namespace);
  return {
    resourceRules: resourceRules.map(({ verbs, apiGroups, resources, resourceNames }) => ({
      verbs: [...verbs],
      apiGroups: [...apiGroups],
      resources: [...resources],
      ...(resourceNames.length === 0 ? {} : { resourceNames: [...resourceNames] }),
    })),
    nonResourceRules: nonResourceRules.map(({ verbs, nonResourceURLs }) => ({
      verbs: [...verbs],
      nonResourceURLs: [...nonResourceURLs],
    })),
    incomplete: false,
  };
}

function tokenStatus(cluster: Cluster, spec: JsonObject): JsonObject {
  const verified = cluster.tokens.verify(stringAt(spec, 'token'), cluster.now());
  if (verified === undefined) {
    const error: JsonValue = 'invalid bearer token';
    return { user: {}, error };
  }
  const wanted = memberAt(spec, 'audiences') === undefined ? undefined : stringsAt(spec, 'audiences');
  const audiences =
    wanted === undefined ? [...verified.audiences] : wanted.filter((one) => verified.audiences.includes(one));
  if (wanted !== undefined && audiences.length === 0) {
    return { user: {}, error: 'token audiences do not match' };
  }
  return { authenticated: true, user: userInfoJson(verified.user), audiences };
}
