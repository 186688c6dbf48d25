import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Cluster } from '../api/cluster.ts';
import { forbidden, unauthorized } from '../api/status-error.ts';
import type { UserInfo } from '../api/user-info.ts';
import { ANONYMOUS_USER } from '../api/user-info.ts';

/** A bearer token and the user it stands for. */
export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

/** Finds the user of a request: client certificate, bearer token, anonymous; then impersonation. */
export function authenticate(
  cluster: Cluster,
  tokens: readonly StaticToken[],
  headers: IncomingHttpHeaders,
  socket: Socket,
): UserInfo {
  const user = certificateUser(socket) ?? tokenUser(cluster, tokens, headers.authorization) ?? ANONYMOUS_USER;
  return impersonate(cluster, user, headers);
}

function certificateUser(socket: Socket): UserInfo | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) {
    return undefined;
  }
  const certificate = socket.getPeerCertificate();
  // Without a client certificate Node gives an empty object.
  const subject: { CN?: string | string[]; O?: string | string[] } | undefined = certificate.subject;
  const name = asList(subject?.CN)[0];
  if (name === undefined) {
    return undefined;
  }
  return { username: name, groups: [...asList(subject?.O), 'system:authenticated'] };
}

function asList(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function tokenUser(cluster: Cluster, tokens: readonly StaticToken[], header: string | undefined): UserInfo | undefined {
  const match = /^bearer\s+(\S+)\s*$/i.exec(header ?? '');
  const token = match?.[1];
  if (token === undefined) {
    return undefined;
  }
  const known = tokens.find((candidate) => sameText(candidate.token, token));
  const user = known?.user ?? cluster.tokens.verify(token, cluster.now())?.user;
  if (user === undefined) {
    throw unauthorized();
  }
  return user;
}

function sameText(left: string, right: string): boolean {
  const leftBytes = Buffer.from(left);
  const rightBytes = Buffer.from(right);
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}

const EXTRA_PREFIX = 'impersonate-extra-';

/** `Impersonate-*` headers; the user needs the verb `impersonate` on each part of who is named (kube-apiserver's impersonation filter). */
function impersonate(cluster: Cluster, user: UserInfo, headers: IncomingHttpHeaders): UserInfo {
  const username = single(headers['impersonate-user']);
  const groups = splitHeader(headers['impersonate-group']);
  const uid = single(headers['impersonate-uid']);
  const extra: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(EXTRA_PREFIX)) {
      extra[decodeURIComponent(name.slice(EXTRA_PREFIX.length))] = splitHeader(value);
    }
  }
  if (username === '') {
    return user;
  }
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  const parts: Impersonated[] = [
    account === undefined || namespace === undefined
      ? { group: '', plural: 'users', name: username }
      : { group: '', plural: 'serviceaccounts', namespace, name: account },
    ...groups.map((name) => ({ group: '', plural: 'groups', name })),
    ...Object.entries(extra).flatMap(([subresource, values]) =>
      values.map((name) => ({ group: 'authentication.k8s.io', plural: 'userextras', subresource, name })),
    ),
    ...(uid === '' ? [] : [{ group: 'authentication.k8s.io', plural: 'uids', name: uid }]),
  ];
  for (const part of parts) checkImpersonation(cluster, user, part);
  const automatic = username === ANONYMOUS_USER.username ? 'system:unauthenticated' : 'system:authenticated';
  const implied =
    namespace === undefined || groups.length > 0
      ? []
      : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  const all = [...groups, ...implied];
  return {
    username,
    ...(uid === '' ? {} : { uid }),
    groups: all.includes(automatic) ? all : [...all, automatic],
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

interface Impersonated {
  readonly group: string;
  readonly plural: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

function checkImpersonation(cluster: Cluster, user: UserInfo, part: Impersonated): void {
  const { group, plural, subresource = '', namespace = '', name } = part;
  const decision = cluster.authorizer.authorize({
    user,
    verb: 'impersonate',
    group,
    version: 'v1',
    plural,
    subresource,
    namespace,
    name,
    path: undefined,
  });
  if (!decision.allowed) {
    const whole = subresource === '' ? plural : `${plural}/${subresource}`;
    const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
    throw forbidden(
      { group, plural },
      name,
      `User ${JSON.stringify(user.username)} cannot impersonate resource ${JSON.stringify(whole)} in API group ${JSON.stringify(group)} ${where}`,
    );
  }
}

function single(value: string | string[] | undefined): string {
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
}

/** Node joins repeated headers with commas; group names hold none. */
function splitHeader(value: string | string[] | undefined): string[] {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
