import type { Json, JsonObject } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { UserInfo } from '../../model/request.ts';

/**
 * The variable `request`: the AdmissionRequest with the resource as it is now, the user's roles, and the dry-run flag
 * under the name `synchronize`, as upstream (kyverno-core §2.3). A scan has only operation, namespace and object.
 */
export function requestVariable({ request, resource }: RuleInput): JsonObject {
  const isDelete = request.operation === 'DELETE';
  const user = userVariables(request.user, request.roles, request.clusterRoles, request.dryRun);
  if (request.admission) {
    return {
      ...request.admission,
      ...user,
      operation: request.operation,
      object: isDelete ? (request.resource ?? null) : resource,
      oldObject: request.oldResource ?? null,
    };
  }
  return {
    operation: request.operation,
    namespace: request.namespace,
    ...user,
    ...(isDelete ? {} : { object: resource }),
    ...(isDelete || request.oldResource ? { oldObject: request.oldResource ?? resource } : {}),
  };
}

/** `requestVariable`, made once for all rules that are evaluated for the same request and resource. */
export function knownRequestVariable(input: RuleInput): JsonObject {
  const { known, request, resource } = input;
  const before = known?.variable;
  if (before?.request === request && before.resource === resource) return before.value;
  const value = requestVariable(input);
  if (known) known.variable = { request, resource, value };
  return value;
}

function userVariables(
  user: UserInfo | undefined,
  roles: readonly string[],
  clusterRoles: readonly string[],
  dryRun: boolean,
): JsonObject {
  if (!user) return {};
  const userInfo: Record<string, Json> = { username: user.username, groups: user.groups };
  if (user.uid !== undefined) userInfo['uid'] = user.uid;
  if (user.extra !== undefined) userInfo['extra'] = user.extra;
  return { roles: listOrNull(roles), clusterRoles: listOrNull(clusterRoles), userInfo, synchronize: dryRun };
}

/** Empty lists of roles are null upstream. */
function listOrNull(items: readonly string[]): Json {
  return items.length > 0 ? items : null;
}

const SERVICE_ACCOUNT = 'system:serviceaccount:';

/** Namespace and name of a service account's user name; empty for other users. */
export function serviceAccountOf(username: string): { readonly namespace: string; readonly name: string } {
  if (!username.startsWith(SERVICE_ACCOUNT)) return { namespace: '', name: '' };
  const [namespace = '', name = ''] = username.slice(SERVICE_ACCOUNT.length).split(':');
  return { namespace, name };
}
