import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGuardedLookup, refusalOfAddress } from './address-guard.ts';
import { parseChallenges } from './challenge.ts';
import { findCredential } from './docker-config.ts';

const entry = (password: string) => ({ username: 'ann', password });
const config = (auths: object) => JSON.stringify({ auths });
const passwordFor = (auths: object, host: string, repository = 'team/app') => {
  const found = findCredential(config(auths), host, repository);
  return found?.kind === 'password' ? found.password : undefined;
};

describe('findCredential', () => {
  it.each([
    ['an equal host', { 'ghcr.io': entry('a') }, 'ghcr.io', 'a'],
    ['a URL of it', { 'https://ghcr.io/v2/': entry('a') }, 'ghcr.io', 'a'],
    ['the longest path', { 'ghcr.io': entry('a'), 'ghcr.io/team': entry('b') }, 'ghcr.io', 'b'],
    ['Docker Hub by its old name', { 'https://index.docker.io/v1/': entry('h') }, 'registry-1.docker.io', 'h'],
    ['a label wildcard', { '*.azurecr.io': entry('w') }, 'mine.azurecr.io', 'w'],
    ['a suffix of the host', { 'cr.io': entry('a') }, 'ghcr.io', undefined],
    ['a prefix of the host', { 'ghcr.io': entry('a') }, 'ghcr.io.evil.test', undefined],
    ['a host with the name as a part', { 'evil-ghcr.io': entry('a') }, 'ghcr.io', undefined],
    ['a path that is only a text prefix', { 'ghcr.io/te': entry('a') }, 'ghcr.io', undefined],
    ['another port', { 'ghcr.io:444': entry('a') }, 'ghcr.io', undefined],
    ['two labels for one wildcard', { '*.azurecr.io': entry('w') }, 'a.b.azurecr.io', undefined],
    ['__proto__', { constructor: entry('a') }, '__proto__', undefined],
  ])('%s', (_name, auths, host, password) => {
    expect(passwordFor(auths, host)).toBe(password);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.string(), (text, host) => {
        findCredential(text, host, 'a/b');
      }),
    );
  });
});

describe('parseChallenges', () => {
  it.each([
    ['Bearer realm="https://auth.io/token",service="reg",scope="repository:a:pull"', 'https://auth.io/token', 'reg'],
    ['Basic realm="x", Bearer realm="https://b/"', 'https://b/', undefined],
    ['bearer REALM=https://c/ , service=s', 'https://c/', 's'],
  ])('%s', (header, realm, service) => {
    expect(parseChallenges([header])).toEqual({ scheme: 'bearer', realm, service });
  });

  it('reads Basic, and nothing from nonsense', () => {
    expect(parseChallenges(['Basic realm="a, Bearer realm=evil"'])).toEqual({ scheme: 'basic' });
    expect(parseChallenges(['', '=,=', 'Digest x=1'])).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (header) => {
        parseChallenges([header]);
      }),
    );
  });
});

describe('addresses', () => {
  it.each([
    ['169.254.169.254', true],
    ['::ffff:169.254.169.254', true],
    ['::ffff:a9fe:a9fe', true],
    ['64:ff9b::a9fe:a9fe', true],
    ['fe80::1', true],
    ['fd00:ec2::254', true],
    ['100.100.100.200', true],
    ['0.0.0.0', true],
    ['::', true],
    ['224.0.0.1', true],
    ['10.1.2.3', false],
    ['192.168.1.1', false],
    ['172.16.0.1', false],
    ['fd00::1', false],
    ['1.2.3.4', false],
  ])('%s refused: %s', (address, isRefused) => {
    expect(refusalOfAddress(address, true) !== undefined).toBe(isRefused);
  });

  it('are checked after the name is resolved, every one of them', async () => {
    const answers = [
      { address: '93.184.216.34', family: 4 },
      { address: '169.254.169.254', family: 4 },
    ];
    // The guard calls `resolve` in one way only: with `all`.
    const resolve = ((_name: string, _options: object, done: (error: null, list: object[]) => void) =>
      done(null, answers)) as unknown as Parameters<typeof createGuardedLookup>[1];
    const error = await new Promise((done) =>
      createGuardedLookup('loopback', resolve)('rebind.test', { all: true }, done),
    );
    expect(error).toMatchObject({ name: 'RegistryFailure', class: 'permanent' });
  });
});
