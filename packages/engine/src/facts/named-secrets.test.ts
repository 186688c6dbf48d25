import { describe, expect, it } from 'vitest';
import { namedSecrets } from './named-secrets.ts';

describe('Secrets with credentials', () => {
  it('are named with their namespace, or without for the engine’s own', () => {
    expect(namedSecrets(['pull', 'a.b-2'], 'team')).toEqual(['team/pull', 'team/a.b-2']);
    expect(namedSecrets(['pull'], undefined)).toEqual(['pull']);
  });

  it('of no namespace are none', () => {
    expect(namedSecrets(['pull'], '')).toEqual([]);
  });

  it.each([
    'kube-system/pull',
    '../kube-system/pull',
    '/pull',
    'pull/',
    '..',
    '.',
    '',
    'a\nb',
    'a%2fb',
    'Pull',
    'x'.repeat(254),
  ])('a name that leads elsewhere is none: %j', (name) => {
    expect(namedSecrets([name], 'team')).toEqual([]);
    expect(namedSecrets([name], undefined)).toEqual([]);
  });
});
