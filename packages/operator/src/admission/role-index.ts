import { isJsonArray, isJsonObject, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';

/** What the bindings of a cluster say about one user. Sorted, without repetition. */
export interface UserRoles {
  /** `namespace:name`. */
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
}

/** Answers which roles a user has, without looking through all bindings for each request. */
export interface RoleIndex {
  rolesOf(user: { readonly username: string; readonly groups: readonly string[] }, requestNamespace: string): UserRoles;
}

interface Grant {
  /** Role of the binding's own namespace, or a cluster role. */
  readonly clusterRole: boolean;
  readonly name: string;
  /** Namespace of the RoleBinding; empty for a ClusterRoleBinding. */
  readonly namespace: string;
}

const NONE: UserRoles = { roles: [], clusterRoles: [] };

/**
 * Indexes RoleBindings and ClusterRoleBindings by subject, so that a request costs as many look-ups as its user has
 * groups. Comparisons are exact; a RoleBinding to a ClusterRole counts only in its own namespace (kyverno-core §2.2).
 */
export function createRoleIndex(bindings: Iterable<JsonObject>): RoleIndex {
  const grants = new Map<string, Grant[]>();
  for (const binding of bindings) {
    const grant = toGrant(binding);
    if (!grant) continue;
    for (const subject of subjectKeys(binding, grant.namespace)) {
      const known = grants.get(subject);
      if (known) known.push(grant);
      else grants.set(subject, [grant]);
    }
  }
  function find(username: string, groups: readonly string[], requestNamespace: string): UserRoles {
    const roles = new Set<string>();
    const clusterRoles = new Set<string>();
    for (const key of [`User:${username}`, ...groups.map((group) => `Group:${group}`)]) {
      for (const { clusterRole, name, namespace } of grants.get(key) ?? []) {
        if (!clusterRole) roles.add(`${namespace}:${name}`);
        else if (namespace === '' || namespace === requestNamespace) clusterRoles.add(name);
      }
    }
    if (roles.size === 0 && clusterRoles.size === 0) return NONE;
    return { roles: [...roles].sort(), clusterRoles: [...clusterRoles].sort() };
  }

  const known = new Map<string, UserRoles>();
  return {
    rolesOf({ username, groups }, requestNamespace) {
      if (grants.size === 0) return NONE;
      const key = JSON.stringify([requestNamespace, username, groups]);
      let found = known.get(key);
      if (!found) {
        found = find(username, groups, requestNamespace);
        if (known.size >= REMEMBERED) known.clear();
        known.set(key, found);
      }
      return found;
    },
  };
}

/** Users whose roles are at hand: most requests come from few controllers, some of which hold many bindings. */
const REMEMBERED = 1_000;

function toGrant(binding: JsonObject): Grant | undefined {
  const name = memberAt(binding, 'roleRef', 'name');
  const kind = memberAt(binding, 'roleRef', 'kind');
  if (typeof name !== 'string' || (kind !== 'Role' && kind !== 'ClusterRole')) return undefined;
  const namespace = memberAt(binding, 'metadata', 'namespace');
  return { clusterRole: kind === 'ClusterRole', name, namespace: typeof namespace === 'string' ? namespace : '' };
}

function* subjectKeys(binding: JsonObject, bindingNamespace: string): Generator<string> {
  const subjects = member(binding, 'subjects');
  if (!isJsonArray(subjects)) return;
  for (const subject of subjects) {
    if (!isJsonObject(subject)) continue;
    const { kind, name, namespace } = subject;
    if (typeof name !== 'string') continue;
    if (kind === 'User' || kind === 'Group') yield `${kind}:${name}`;
    if (kind === 'ServiceAccount') {
      yield `User:system:serviceaccount:${typeof namespace === 'string' && namespace ? namespace : bindingNamespace}:${name}`;
    }
  }
}
