import { describe, expect, it } from 'vitest';
import { parseImageName, parseRepository } from './image-name.ts';
import { endpointOf, wireRepository } from './registry-hosts.ts';
import { evidenceTag, locateEvidence, toSignatureOrigins } from './signature-location.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseImageName', () => {
  it.each([
    ['docker.io/nginx:1.0', { registry: 'docker.io', repository: 'nginx', tag: '1.0' }],
    ['ghcr.io/a/b', { registry: 'ghcr.io', repository: 'a/b', tag: 'latest' }],
    [`ghcr.io/a/b@${digest}`, { registry: 'ghcr.io', repository: 'a/b', digest }],
    [`ghcr.io/a/b:v1@${digest}`, { registry: 'ghcr.io', repository: 'a/b', tag: 'v1', digest }],
    ['127.0.0.1:5000/app:x', { registry: '127.0.0.1:5000', repository: 'app', tag: 'x' }],
    ['[::1]:5000/app:x', { registry: '[::1]:5000', repository: 'app', tag: 'x' }],
    ['nginx', { registry: 'docker.io', repository: 'nginx', tag: 'latest' }],
    ['team/app:1', { registry: 'docker.io', repository: 'team/app', tag: '1' }],
    ['GHCR.io/a:1', { registry: 'ghcr.io', repository: 'a', tag: '1' }],
  ])('%s', (reference, name) => {
    expect(parseImageName(reference)).toEqual({ ok: true, name });
  });

  it.each([
    ['', 'malformed repository'],
    ['/a', 'malformed repository'],
    ['ghcr.io/a/../b:1', 'malformed repository'],
    ['ghcr.io/a/b?x=1', 'malformed repository'],
    ['ghcr.io/a%2fb:1', 'malformed repository'],
    ['user:pw@ghcr.io/a:1', 'digest'],
    ['ghcr.io\\@evil/a:1', 'digest'],
    ['ghcr.io /a:1', 'malformed registry host'],
    ['nginx one', 'malformed repository'],
    ['ghcr.io/a:1/b', 'malformed tag'],
    ['ghcr.io/a@sha256:ABC', 'digest'],
    [`ghcr.io/a@sha512:${'a'.repeat(128)}`, 'digest'],
    [`ghcr.io/a@${digest}@${digest}`, 'more than one digest'],
    [`ghcr.io/${'a/'.repeat(500)}b:1`, 'malformed repository'],
  ])('refuses %s', (reference, why) => {
    const result = parseImageName(reference);
    expect(result.ok).toBe(false);
    expect(result.ok ? '' : result.message).toContain(why);
  });
});

describe('where evidence is kept', () => {
  const image = { registry: 'ghcr.io', repository: 'a/b', tag: '1' };

  it('is the image repository unless a policy names another', () => {
    expect(locateEvidence(image, undefined)).toEqual({ registry: 'ghcr.io', repository: 'a/b' });
    expect(locateEvidence(image, 'quay.io/signatures')).toEqual({ registry: 'quay.io', repository: 'signatures' });
    expect(locateEvidence(image, 'localhost:5000/s')).toEqual({ registry: 'localhost:5000', repository: 's' });
    expect(locateEvidence(image, 'team/signatures')).toEqual({ registry: 'docker.io', repository: 'team/signatures' });
    expect(locateEvidence(image, 'quay.io/x:tag')).toContain('no tag');
    expect(parseRepository('quay.io/x').ok).toBe(true);
  });

  it('is that of the origin, below a place that caches images alone', () => {
    const locate = (name: string, pairs: [string, string][], repository?: string) => {
      const origins = toSignatureOrigins(pairs);
      const parsed = parseImageName(name);
      if (typeof origins === 'string' || !parsed.ok) return 'unusable';
      const found = locateEvidence(parsed.name, repository, '', origins);
      return typeof found === 'string' ? found : `${found.registry}/${found.repository}`;
    };
    const pairs: [string, string][] = [
      ['harbor.test/proxy', 'ghcr.io'],
      ['harbor.test/proxy/hub', 'docker.io'],
      ['cache.test', 'quay.io/mirrored'],
      ['harbor.test/one/app', 'ghcr.io/acme/app'],
    ];
    expect(locate('harbor.test/proxy/acme/app:v1', pairs)).toBe('ghcr.io/acme/app');
    expect(locate('harbor.test/proxy/hub/library/nginx', pairs)).toBe('docker.io/library/nginx');
    expect(locate('cache.test/a/b', pairs)).toBe('quay.io/mirrored/a/b');
    expect(locate('harbor.test/proxyx/app', pairs)).toBe('harbor.test/proxyx/app');
    expect(locate('harbor.test/proxy', pairs)).toBe('harbor.test/proxy');
    expect(locate('evil.test/proxy/acme/app', pairs)).toBe('evil.test/proxy/acme/app');
    expect(locate('harbor.test/proxy/a/b', pairs, 'sigs.test/x')).toBe('sigs.test/x');
    for (const bad of ['harbor', 'a.test/x:1', 'a.test/@', ''])
      expect(toSignatureOrigins([[bad, 'ghcr.io']])).toContain('no registry');
    expect(toSignatureOrigins([['a.test', 'ghcr.io/']])).toContain('no registry');
  });

  it('has the digest in its tag', () => {
    expect(evidenceTag(digest, '.sig')).toBe(`sha256-${'a'.repeat(64)}.sig`);
  });
});

describe('endpointOf', () => {
  it('sends Docker Hub where it lives and mirrors where they are mapped', () => {
    const hub = endpointOf('docker.io', {}, false);
    expect(hub.origin).toBe('https://registry-1.docker.io');
    expect(wireRepository('docker.io', 'nginx', hub)).toBe('library/nginx');
    expect(wireRepository('docker.io', 'bitnami/nginx', hub)).toBe('bitnami/nginx');
    const mirror = endpointOf('ghcr.io', { 'ghcr.io': { url: 'http://mirror.example:5000/proxy/' } }, false);
    expect(mirror).toMatchObject({ origin: 'http://mirror.example:5000', prefix: 'proxy/', isMapped: true });
    expect(wireRepository('ghcr.io', 'a/b', mirror)).toBe('proxy/a/b');
  });

  it('never takes a mapping from a prototype, nor a URL that is none', () => {
    expect(endpointOf('constructor', {}, false).origin).toBe('https://constructor');
    expect(() => endpointOf('a.io', { 'a.io': { url: 'file:///etc' } }, false)).toThrow(RangeError);
  });
});
