import type { UserInfo } from '../model/admission-review.ts';
import { recordOf, textOf } from '../model/untyped.ts';
import type { CallOptions, KubeClient } from './kube-client.ts';

export interface ResourceAttributes {
  readonly verb: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface NonResourceAttributes {
  readonly verb: string;
  readonly path: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
  readonly evaluationError: string | undefined;
}

/** Asks whether a user may do something (authorization.k8s.io/v1 SubjectAccessReview). */
export function reviewSubjectAccess(
  client: Pick<KubeClient, 'create'>,
  user: UserInfo,
  attributes: ResourceAttributes | NonResourceAttributes,
  options: CallOptions = {},
): Promise<AccessDecision> {
  const { username, uid, groups, extra } = user;
  return review(
    client,
    'SubjectAccessReview',
    { user: username, uid, groups, extra, ...attributesOf(attributes) },
    options,
  );
}

/** Asks whether this client may do something (SelfSubjectAccessReview). */
export function reviewSelfSubjectAccess(
  client: Pick<KubeClient, 'create'>,
  attributes: ResourceAttributes | NonResourceAttributes,
  options: CallOptions = {},
): Promise<AccessDecision> {
  return review(client, 'SelfSubjectAccessReview', attributesOf(attributes), options);
}

async function review(
  client: Pick<KubeClient, 'create'>,
  kind: string,
  spec: unknown,
  options: CallOptions,
): Promise<AccessDecision> {
  const gvr = { group: 'authorization.k8s.io', version: 'v1', resource: `${kind.toLowerCase()}s` };
  const object = { apiVersion: 'authorization.k8s.io/v1', kind, metadata: {}, spec };
  const answer = await client.create(gvr, object, {}, options);
  const status = recordOf(answer['status']);
  return {
    // A denial wins over everything; anything but an explicit yes is a no.
    allowed: status['allowed'] === true && status['denied'] !== true,
    reason: textOf(status['reason']) ?? '',
    evaluationError: textOf(status['evaluationError']),
  };
}

function attributesOf(attributes: ResourceAttributes | NonResourceAttributes): Readonly<Record<string, unknown>> {
  return 'resource' in attributes ? { resourceAttributes: attributes } : { nonResourceAttributes: attributes };
}
