import type { JsonObject } from '../kernel/json.ts';
import type { UserInfo } from './request.ts';

/** Where SubjectAccessReviews are sent. */
export const SUBJECT_ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

/** The part of a SubjectAccessReview's spec that says who wants to. */
export function toReviewSubject(user: UserInfo | undefined): JsonObject {
  return {
    user: user?.username ?? '',
    ...(user && user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user?.uid ? { uid: user.uid } : {}),
    ...(user?.extra ? { extra: user.extra } : {}),
  };
}
