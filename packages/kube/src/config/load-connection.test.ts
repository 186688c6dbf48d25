import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadInClusterConnection } from './in-cluster.ts';
import { loadClusterConnection } from './load-connection.ts';
import { writeKubeconfig } from './write-kubeconfig.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};

const config = (user: string, cluster = 'server: https://c.example:6443/prefix/', context = ''): string => `
current-context: one
contexts: [{ name: one, context: { cluster: c, user: u${context} } }]
clusters: [{ name: c, cluster: { ${cluster} } }]
users: [{ name: u, user: { ${user} } }]
`;

const load = async (text: string) =>
  loadClusterConnection({ kubeconfig: await write('config', text), environment: {} });

/** The value, or a failure of the test with the message. */
const unwrap = <Value>(result: { ok: true; value: Value } | { ok: false; message: string }): Value => {
  if (!result.ok) throw new Error(result.message);
  return result.value;
};

describe('a kubeconfig gives', () => {
  it('server, namespace and anonymous credentials', async () => {
    const connection = unwrap(await load(config('', undefined, ', namespace: team')));
    expect(connection).toMatchObject({
      server: 'https://c.example:6443/prefix',
      namespace: 'team',
      insecureSkipTlsVerify: false,
    });
    expect(await connection.credentials()).toEqual({});
  });

  it.each([
    ['a token', 'token: secret', { authorization: 'Bearer secret' }],
    ['a password', 'username: a, password: "b:c"', { authorization: `Basic ${btoa('a:b:c')}` }],
    [
      'inline certificates',
      `client-certificate-data: ${btoa('CERT')}, client-key-data: ${btoa('KEY')}`,
      { clientCertificate: 'CERT', clientKey: 'KEY' },
    ],
  ])('%s', async (_, user, expected) => {
    expect(await unwrap(await load(config(user))).credentials()).toEqual(expected);
  });

  it('files relative to itself, and token files read again on refresh', async () => {
    await write('ca.pem', 'CA');
    await write('token', 'first\n');
    const connection = unwrap(
      await load(config('tokenFile: token, token: unused', 'server: https://c, certificate-authority: ca.pem')),
    );
    expect(connection.certificateAuthority).toBe('CA');
    expect(await connection.credentials()).toEqual({ authorization: 'Bearer first' });
    await write('token', 'second');
    expect(await connection.credentials()).toEqual({ authorization: 'Bearer first' });
    expect(await connection.credentials({ refresh: true })).toEqual({ authorization: 'Bearer second' });
    await rm(join(folder, 'token'));
    expect(await connection.credentials({ refresh: true })).toEqual({ authorization: 'Bearer second' });
  });

  it('credentials of a plugin, run once until they expire', async () => {
    const script = `
      const fs = require('node:fs');
      fs.appendFileSync(process.env.LOG, 'x');
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      const token = process.argv[1] + '@' + info.spec.cluster.server;
      console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: 'ExecCredential', status: { token,
        expirationTimestamp: new Date(Date.now() + 3600e3).toISOString() } }));`;
    const exec = JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', script, 'me'],
      env: [{ name: 'LOG', value: join(folder, 'log') }],
      provideClusterInfo: true,
    });
    const connection = unwrap(await load(config(`exec: ${exec}`)));
    const expected = { authorization: 'Bearer me@https://c.example:6443/prefix' };
    expect(await Promise.all([connection.credentials(), connection.credentials()])).toEqual([expected, expected]);
    expect(await connection.credentials()).toEqual(expected);
    expect(await readFile(join(folder, 'log'), 'utf8')).toBe('x');
    await connection.credentials({ refresh: true });
    expect(await readFile(join(folder, 'log'), 'utf8')).toBe('xx');
  });

  it.each([
    ['is missing', { command: './no-such-plugin', installHint: 'install it' }, 'was not found: install it'],
    [
      'fails',
      { command: process.execPath, args: ['-e', 'console.error("secret"); process.exit(3)'] },
      'failed with exit code 3',
    ],
    ['prints no JSON', { command: process.execPath, args: ['-e', 'console.log("hello")'] }, 'did not print JSON'],
    [
      'prints something else',
      { command: process.execPath, args: ['-e', 'console.log("{}")'] },
      'did not print an ExecCredential',
    ],
  ])('a clear error when the plugin %s', async (_, plugin, message) => {
    const exec = JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', ...plugin });
    const connection = unwrap(await load(config(`exec: ${exec}`)));
    const failure = await connection.credentials().catch((error: Error) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(String(failure)).toContain(message);
    expect(String(failure)).not.toContain('secret');
  });

  it.each([
    ['no YAML', '{', 'is not YAML'],
    ['a list', '[]', 'is not a mapping'],
    ['no context', 'clusters: []', 'no current context'],
    ['an unknown context', 'current-context: x', 'no context `x`'],
    ['an unknown cluster', 'current-context: x\ncontexts: [{name: x, context: {cluster: y}}]', 'no cluster `y`'],
    ['a bad server', config('', 'server: "ftp://x"'), 'no valid server URL'],
    [
      'CA and insecure',
      config('', `server: https://c, insecure-skip-tls-verify: true, certificate-authority-data: ${btoa('A')}`),
      'both',
    ],
    ['a missing CA file', config('', 'server: https://c, certificate-authority: nope.pem'), 'nope.pem` does not exist'],
    [
      'a certificate without key',
      config(`client-certificate-data: ${btoa('A')}`),
      'both a client certificate and its key',
    ],
    ['a legacy provider', config('auth-provider: {name: gcp}'), 'auth-provider'],
    ['a proxy', config('', 'server: https://c, proxy-url: http://p'), 'proxy-url'],
    ['an old plugin', config('exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}'), 'not supported'],
  ])('a message for %s', async (_, text, message) => {
    const result = await load(text);
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });
});

describe('loadClusterConnection looks', () => {
  it('into KUBECONFIG: missing files are skipped, the first file to say something wins', async () => {
    const first = await write('first', config('token: first'));
    const second = await write(
      'second',
      config('token: second')
        .replace('current-context: one', 'current-context: two')
        .replaceAll('name: one', 'name: two'),
    );
    const KUBECONFIG = [join(folder, 'none'), first, second].join(':');
    const connection = unwrap(await loadClusterConnection({ environment: { KUBECONFIG } }));
    expect(await connection.credentials()).toEqual({ authorization: 'Bearer first' });
    expect((await loadClusterConnection({ environment: { KUBECONFIG }, context: 'two' })).ok).toBe(true);
  });

  it('into the service account last', async () => {
    const result = await loadClusterConnection({ environment: {}, home: folder });
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining('not running in a cluster') });
  });

  it('and not elsewhere when a file is given', async () => {
    const result = await loadClusterConnection({ kubeconfig: join(folder, 'none'), environment: {} });
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining('does not exist') });
  });
});

describe('loadInClusterConnection', () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };

  it('reads the mounted service account', async () => {
    await Promise.all([write('ca.crt', 'CA'), write('namespace', 'mine\n'), write('token', 'abc')]);
    const connection = unwrap(await loadInClusterConnection(environment, folder));
    expect(connection).toMatchObject({
      server: 'https://[fd00::1]:443',
      namespace: 'mine',
      certificateAuthority: 'CA',
    });
    expect(await connection.credentials()).toEqual({ authorization: 'Bearer abc' });
  });

  it('says what is missing', async () => {
    expect(await loadInClusterConnection(environment, folder)).toMatchObject({
      ok: false,
      message: expect.stringContaining('ca.crt'),
    });
    await write('ca.crt', 'CA');
    expect(await loadInClusterConnection(environment, folder)).toMatchObject({
      ok: false,
      message: expect.stringContaining('token'),
    });
  });
});

describe('writeKubeconfig', () => {
  it('is readable by its owner alone, replaces in one step, and reads back', async () => {
    const path = join(folder, 'deep', 'config');
    await writeKubeconfig(path, { name: 'old', server: 'https://old' });
    await writeKubeconfig(path, {
      name: 'sandbox',
      server: 'https://127.0.0.1:6443',
      certificateAuthority: 'CA',
      namespace: 'ns',
      clientCertificate: 'CERT',
      clientKey: 'KEY',
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'deep'))).toEqual(['config']);
    const connection = unwrap(await loadClusterConnection({ kubeconfig: path }));
    expect(connection).toMatchObject({ server: 'https://127.0.0.1:6443', namespace: 'ns', certificateAuthority: 'CA' });
    expect(await connection.credentials()).toEqual({ clientCertificate: 'CERT', clientKey: 'KEY' });
  });
});
