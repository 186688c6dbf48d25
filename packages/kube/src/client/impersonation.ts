import type { UserInfo } from '../model/admission-review.ts';
import { KubeError } from './kube-error.ts';

/** The headers of user impersonation (authentication reference, "User impersonation"); extra keys are percent-escaped. */
export function impersonationHeaders(user: UserInfo): Readonly<Record<string, string | readonly string[]>> {
  const { username, uid, groups = [], extra = {} } = user;
  if (!username) throw new KubeError(0, 'InvalidRequest', 'impersonation needs a user name');
  const headers: Record<string, string | readonly string[]> = { 'impersonate-user': username };
  if (uid) headers['impersonate-uid'] = uid;
  if (groups.length > 0) headers['impersonate-group'] = groups;
  for (const [key, values] of Object.entries(extra)) {
    headers[`impersonate-extra-${escapeHeaderName(key)}`] = values;
  }
  return headers;
}

/** Everything outside the letters a header name may have, and the percent sign itself. */
function escapeHeaderName(key: string): string {
  return encodeURIComponent(key.toLowerCase()).replaceAll(
    /[()']/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
}
