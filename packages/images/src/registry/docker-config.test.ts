import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
