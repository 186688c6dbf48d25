import type { AuthorizationDecision, AuthorizationQuestion, AuthorizerHost } from '@vouchsafe/cel';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { memberAt } from '../../kernel/json.ts';
import { SUBJECT_ACCESS_REVIEWS, toReviewSubject } from '../../model/access-review.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { UserInfo } from '../../model/request.ts';

/** Asks the API server what the request's user may do. May throw `Need`. */
export function authorizerHost({ request, facts }: RuleInput): AuthorizerHost {
  return {
    authorize(question) {
      const fact = facts.get({
        kind: 'api-call',
        method: 'POST',
        urlPath: SUBJECT_ACCESS_REVIEWS,
        data: toReview(question, request.user),
      });
      return fact.ok ? toDecision(fact.value) : { allowed: false, reason: '', error: fact.message };
    },
  };
}

function toDecision(review: Json): AuthorizationDecision {
  const text = (key: string): string => {
    const value = memberAt(review, 'status', key);
    return typeof value === 'string' ? value : '';
  };
  return {
    allowed: memberAt(review, 'status', 'allowed') === true,
    reason: text('reason'),
    error: text('evaluationError'),
  };
}

function toReview(question: AuthorizationQuestion, user: UserInfo | undefined): JsonObject {
  const { path, verb = '' } = question;
  const attributes: JsonObject =
    path === undefined
      ? { resourceAttributes: { verb, ...resourceOf(question) } }
      : { nonResourceAttributes: { path, verb } };
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { ...attributes, ...subjectOf(question, user) },
  };
}

function resourceOf({ group, resource, subresource, namespace, name }: AuthorizationQuestion): JsonObject {
  const words = { group, resource, subresource, namespace, name };
  return Object.fromEntries(Object.entries(words).flatMap(([key, word]) => (word ? [[key, word]] : [])));
}

function subjectOf({ serviceAccount }: AuthorizationQuestion, user: UserInfo | undefined): JsonObject {
  if (serviceAccount) {
    const { namespace, name } = serviceAccount;
    return {
      user: `system:serviceaccount:${namespace}:${name}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    };
  }
  return toReviewSubject(user);
}
