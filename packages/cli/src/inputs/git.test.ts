import { describe, expect, it } from 'vitest';
import { isRepository, parseRepository } from './git.ts';

describe('the address of a repository', () => {
  it.each([
    ['https://host/o/r', '', 'main', ''],
    ['https://host/o/r/', '', 'main', ''],
    ['https://host/o/r/release/1.0', '', 'release/1.0', ''],
    ['https://host/o/r/policies/best', 'dev', 'dev', 'policies/best'],
  ])('%s with branch %j is branch %s, folder %j', (url, given, branch, folder) => {
    expect(parseRepository(url, given)).toEqual({ repository: 'https://host/o/r', branch, folder });
  });

  it('needs an owner and a repository', () => {
    expect(() => parseRepository('https://host/only', '')).toThrow('failed to parse URL (invalid URL path /only');
  });

  it('is any URL', () => {
    expect(['https://x/y', 'http://x', 'policies/', '-'].map(isRepository)).toEqual([true, true, false, false]);
  });
});
