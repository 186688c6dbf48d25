import type { JsonObject } from '../store/json-value.ts';

/** Who asks: what admission sees as `userInfo` and RBAC judges. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: { readonly [key: string]: readonly string[] };
}

/** The group of administrators in clusters that kubeadm made, since Kubernetes 1.29; it is bound to `cluster-admin`. */
export const ADMIN_GROUP = 'kubeadm:cluster-admins';

/** The user of the generated kubeconfig. */
export const ADMIN_USER: UserInfo = {
  username: 'kubernetes-admin',
  groups: [ADMIN_GROUP, 'system:authenticated'],
};

/** Requests without credentials. */
export const ANONYMOUS_USER: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

/** The server acting for itself. */
export const LOOPBACK_USER: UserInfo = {
  username: 'system:apiserver',
  groups: ['system:masters', 'system:authenticated'],
};

/** The user of a service account, as tokens and controllers carry it. */
export function serviceAccountUser(namespace: string, name: string, uid?: string): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    ...(uid === undefined ? {} : { uid }),
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/** `authentication.k8s.io/v1 UserInfo` in the server's member order. */
export function userInfoJson(user: UserInfo): JsonObject {
  const extra: JsonObject = {};
  for (const [key, values] of Object.entries(user.extra ?? {}).sort()) {
    extra[key] = [...values];
  }
  return {
    ...(user.username === '' ? {} : { username: user.username }),
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: [...user.groups] }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}
