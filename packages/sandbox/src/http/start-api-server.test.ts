import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type ApiServer, type ApiServerOptions, startApiServer } from './start-api-server.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(options: ApiServerOptions = {}): Promise<ApiServer> {
  const server = await startApiServer(options);
  let stopped = false;
  cleanups.push(() => (stopped ? undefined : server.stop()));
  return {
    ...server,
    async stop() {
      stopped = true;
      await server.stop();
    },
  };
}

interface Sent {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly key?: { cert: string; key: string };
}

function send(server: ApiServer, path: string, { method = 'GET', body, headers = {}, key }: Sent = {}) {
  const agent = new Agent({ ca: server.caPem, ...key });
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise<{ code: number; headers: Record<string, unknown>; json: never; text: string }>(
    (resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: server.port,
          path,
          method,
          agent,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
        },
        (answer) => {
          let received = '';
          answer.on('data', (chunk: Buffer) => {
            received += chunk.toString('utf8');
          });
          answer.on('end', () => {
            agent.destroy();
            const isJson = String(answer.headers['content-type']).startsWith('application/json');
            resolve({
              code: answer.statusCode ?? 0,
              headers: answer.headers,
              json: (isJson ? JSON.parse(received) : undefined) as never,
              text: received,
            });
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.end(text);
    },
  );
}

const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

async function whoAmI(server: ApiServer, sent: Sent = {}): Promise<unknown> {
  const { json } = await send(server, WHO, { ...sent, method: 'POST', body: {} });
  return (json as { status?: { userInfo: unknown } }).status?.userInfo ?? json;
}

describe('who a request comes from', () => {
  it('is told by token, client certificate, impersonation, or is anonymous', async () => {
    const server = await start({
      tokens: [{ token: 'secret-of-alice', user: { username: 'alice', groups: ['dev', 'system:authenticated'] } }],
    });
    expect(await whoAmI(server)).toEqual({ username: 'system:anonymous', groups: ['system:unauthenticated'] });
    expect(await whoAmI(server, { headers: { authorization: 'Bearer secret-of-alice' } })).toEqual({
      username: 'alice',
      groups: ['dev', 'system:authenticated'],
    });
    expect(await whoAmI(server, { headers: { authorization: 'Bearer wrong' } })).toMatchObject({
      code: 401,
      reason: 'Unauthorized',
    });
    expect(
      await whoAmI(server, {
        headers: {
          authorization: `Bearer ${server.adminToken}`,
          'impersonate-user': 'bob',
          'impersonate-group': 'ops',
          'impersonate-extra-scope': 'x',
        },
      }),
    ).toEqual({ username: 'bob', groups: ['ops', 'system:authenticated'], extra: { scope: ['x'] } });
    const folder = mkdtempSync(join(tmpdir(), 'server-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const path = await server.userKubeconfig(join(folder, 'own', 'carol'), 'carol', ['qa']);
    const { users } = JSON.parse(await readFile(path, 'utf8'));
    const decode = (text: string): string => Buffer.from(text, 'base64').toString();
    const key = {
      cert: decode(users[0].user['client-certificate-data']),
      key: decode(users[0].user['client-key-data']),
    };
    expect(await whoAmI(server, { key })).toEqual({ username: 'carol', groups: ['qa', 'system:authenticated'] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('may be someone else only where each part of who that is may be impersonated', async () => {
    const server = await start({
      authorization: 'RBAC',
      tokens: [{ token: 'secret-of-alice', user: { username: 'alice', groups: ['system:authenticated'] } }],
    });
    const rbac = 'rbac.authorization.k8s.io';
    const make = (namespace: string, kind: string, part: object) =>
      send(server, `/apis/${rbac}/v1/namespaces/${namespace}/${kind.toLowerCase()}s`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.adminToken}` },
        body: { apiVersion: `${rbac}/v1`, kind, metadata: { name: 'as-cleaner' }, ...part },
      });
    const rules = [
      { apiGroups: [''], resources: ['serviceaccounts'], resourceNames: ['cleaner'], verbs: ['impersonate'] },
    ];
    expect((await make('default', 'Role', { rules })).code).toBe(201);
    const roleRef = { apiGroup: rbac, kind: 'Role', name: 'as-cleaner' };
    const subjects = [{ apiGroup: rbac, kind: 'User', name: 'alice' }];
    expect((await make('default', 'RoleBinding', { roleRef, subjects })).code).toBe(201);
    const as = (headers: Record<string, string>) =>
      whoAmI(server, { headers: { authorization: 'Bearer secret-of-alice', ...headers } });
    const account = 'system:serviceaccount:default:cleaner';
    expect(await as({ 'impersonate-user': account })).toEqual({
      username: account,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    expect(await whoAmI(server, { headers: { authorization: `Bearer ${server.adminToken}` } })).toEqual({
      username: 'kubernetes-admin',
      groups: ['kubeadm:cluster-admins', 'system:authenticated'],
    });
    const refusal = (what: string, where: string) => ({
      reason: 'Forbidden',
      message: expect.stringContaining(`User "alice" cannot impersonate resource ${what} ${where}`),
    });
    const everywhere = 'at the cluster scope';
    expect(await as({ 'impersonate-user': 'system:serviceaccount:kyverno:cleaner' })).toMatchObject(
      refusal('"serviceaccounts" in API group ""', 'in the namespace "kyverno"'),
    );
    expect(await as({ 'impersonate-user': 'bob' })).toMatchObject(refusal('"users" in API group ""', everywhere));
    expect(await as({ 'impersonate-user': account, 'impersonate-group': 'system:masters' })).toMatchObject(
      refusal('"groups" in API group ""', everywhere),
    );
    expect(await as({ 'impersonate-user': account, 'impersonate-extra-scope': 'x' })).toMatchObject(
      refusal('"userextras/scope" in API group "authentication.k8s.io"', everywhere),
    );
    expect(await as({ 'impersonate-user': account, 'impersonate-uid': '1' })).toMatchObject(
      refusal('"uids" in API group "authentication.k8s.io"', everywhere),
    );
  });

  it('can be a service account with a token of this server', async () => {
    const server = await start();
    const { json, code } = await send(server, '/api/v1/namespaces/default/serviceaccounts/default/token', {
      method: 'POST',
      body: { spec: {} },
    });
    expect(code).toBe(201);
    const { token } = (json as { status: { token: string } }).status;
    expect(await whoAmI(server, { headers: { authorization: `Bearer ${token}` } })).toMatchObject({
      username: 'system:serviceaccount:default:default',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    const forged = `${token.slice(0, -4)}AAAA`;
    expect(await whoAmI(server, { headers: { authorization: `Bearer ${forged}` } })).toMatchObject({ code: 401 });
  });
});

describe('limits and refusals', () => {
  it('refuses bodies above 3 MiB, unknown paths and methods', async () => {
    const server = await start();
    const big = JSON.stringify({ metadata: { name: 'big' }, data: { a: 'x'.repeat(3 * 1024 * 1024) } });
    expect((await send(server, '/api/v1/namespaces/default/configmaps', { method: 'POST', body: big })).code).toBe(413);
    expect(await send(server, '/apis/nope.io/v1/things')).toMatchObject({ code: 404, text: '404 page not found\n' });
    expect((await send(server, '/api/v1/componentstatuses', { method: 'DELETE' })).code).toBe(405);
  });

  it('does not let member names reach prototypes', async () => {
    const server = await start();
    const body = '{"metadata":{"name":"p"},"data":{"__proto__":"x","constructor":"y"}}';
    const created = await send(server, '/api/v1/namespaces/default/configmaps', { method: 'POST', body });
    expect(created.code).toBe(201);
    const read = await send(server, '/api/v1/namespaces/default/configmaps/p');
    expect(JSON.stringify((read.json as { data: unknown }).data)).toBe('{"__proto__":"x","constructor":"y"}');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});

describe('a state folder', () => {
  it('brings the cluster back with the same credentials and higher revisions', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'server-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const first = await start({ state: { folder }, controllers: false });
    const made = await send(first, '/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body: { metadata: { name: 'kept' }, data: { a: 'b' } },
    });
    const revision = first.store.revision;
    await first.stop();
    const second = await start({ state: { folder }, controllers: false });
    const read = await send(second, '/api/v1/namespaces/default/configmaps/kept', {
      headers: { authorization: `Bearer ${first.adminToken}` },
    });
    expect([made.code, read.code]).toEqual([201, 200]);
    expect(read.json).toEqual(made.json);
    expect(second.caPem).toBe(first.caPem);
    expect(second.store.revision).toBeGreaterThanOrEqual(revision);
  });
});
