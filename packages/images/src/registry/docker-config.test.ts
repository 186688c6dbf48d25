import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from './challenge.ts';
import { findCredential, findCredentialProgram } from './docker-config.ts';

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
    [
      'an equal host before a wildcard',
      { '*.azurecr.io': entry('w'), 'mine.azurecr.io': entry('a') },
      'mine.azurecr.io',
      'a',
    ],
    [
      'an equal host before the longer path of a wildcard',
      { '*.azurecr.io/team': entry('w'), 'mine.azurecr.io': entry('a') },
      'mine.azurecr.io',
      'a',
    ],
    ['a path after the version of the API', { 'https://ghcr.io/v2/team/': entry('t') }, 'ghcr.io', 't'],
    ['the next one when the closest holds nothing', { 'ghcr.io/team': {}, 'ghcr.io': entry('a') }, 'ghcr.io', 'a'],
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

  it('reads the older form, without `auths`', () => {
    expect(findCredential(JSON.stringify({ 'ghcr.io': entry('a') }), 'ghcr.io', 'team/app')).toMatchObject({
      password: 'a',
    });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.string(), (text, host) => {
        findCredential(text, host, 'a/b');
        findCredentialProgram(text, host);
      }),
    );
  });
});

describe('findCredentialProgram', () => {
  it.each([
    ['by host', { credHelpers: { 'gcr.io': 'gcloud' }, credsStore: 'desktop' }, 'gcr.io', 'gcloud', 'gcr.io'],
    ['for all others', { credHelpers: { 'gcr.io': 'gcloud' }, credsStore: 'desktop' }, 'ghcr.io', 'desktop', 'ghcr.io'],
    [
      'Docker Hub by its old name',
      { credsStore: 'pass' },
      'registry-1.docker.io',
      'pass',
      'https://index.docker.io/v1/',
    ],
    ['none', { auths: {} }, 'ghcr.io', undefined, undefined],
    ['a path in place of a name', { credsStore: '../../tmp/x' }, 'ghcr.io', undefined, undefined],
    ['an option in place of a name', { credHelpers: { 'ghcr.io': '-x' } }, 'ghcr.io', undefined, undefined],
  ])('%s', (_name, config, host, program, server) => {
    const found = findCredentialProgram(JSON.stringify(config), host);
    expect([found?.program, found?.server]).toEqual([program, server]);
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
