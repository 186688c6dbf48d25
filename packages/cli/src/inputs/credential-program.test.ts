import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askCredentialProgram } from './credential-program.ts';
import { dockerCredentials } from './registry-access.ts';

let folder = '';
const path = () => [folder, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchsafe-programs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function install(name: string, script: string): void {
  const file = join(folder, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

const ask = (name: string, server = 'ghcr.io', ms = 5000) =>
  askCredentialProgram(name, server, { env: { PATH: path() }, signal: AbortSignal.timeout(ms) });

describe.skipIf(process.platform === 'win32')('programs that keep credentials', () => {
  it('are told the server, and answer with a password or a token', async () => {
    install('keeps', 'read server; echo "{\\"Username\\":\\"$1 $server\\",\\"Secret\\":\\"s3\\"}"');
    install('token', 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"t\\"}"');
    expect(await ask('keeps')).toEqual({ kind: 'password', username: 'get ghcr.io', password: 's3' });
    expect(await ask('token')).toEqual({ kind: 'identity-token', token: 't' });
  });

  it.each([
    ['that is not installed', undefined],
    ['that knows nothing', 'echo "credentials not found in native keychain"; exit 1'],
    ['that fails with an answer', 'echo "{\\"Username\\":\\"a\\",\\"Secret\\":\\"b\\"}"; exit 1'],
    ['that answers something else', 'echo "[1]"'],
    ['that answers without a secret', 'echo "{\\"Username\\":\\"a\\"}"'],
    ['that never stops talking', 'yes'],
  ])('one %s gives none', async (name, script) => {
    const program = name.replaceAll(' ', '-');
    if (script !== undefined) install(program, script);
    expect(await ask(program)).toBeUndefined();
  });

  it('one that does not answer is not waited for', async () => {
    install('sleeps', 'exec sleep 30');
    expect(await ask('sleeps', 'ghcr.io', 200)).toBeUndefined();
  });
});

it("docker's file comes before podman's", async () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write('config.json', '{"auths":{}}');
  const podman = write('auth.json', '{"auths":{"quay.io":{}}}');
  const configs = (env: Record<string, string>) =>
    dockerCredentials({ HOME: '/nowhere', ...env }).defaultConfigs?.(AbortSignal.timeout(1000));
  expect(await configs({ DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: podman })).toEqual([
    '{"auths":{}}',
    '{"auths":{"quay.io":{}}}',
  ]);
  expect(await configs({ XDG_RUNTIME_DIR: '/nowhere' })).toEqual(['', '']);
});
