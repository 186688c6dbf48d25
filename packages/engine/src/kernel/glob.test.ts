import { describe, expect, it } from 'vitest';
import { EvaluationError } from './evaluation-error.ts';
import { compileGlob } from './glob.ts';

describe('globs as gobwas reads them', () => {
  it.each([
    ['ghcr.io/*', 'ghcr.io/a/b:1', true],
    ['ghcr.io/*', 'xghcr.io/a', false],
    ['ghcr.io/*', 'ghcrxio/a', false],
    ['*', '', true],
    ['**', 'a/b', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?c', 'a😀c', true],
    ['[abc]x', 'bx', true],
    ['[!abc]x', 'bx', false],
    ['[!abc]x', 'dx', true],
    ['[a-c]x', 'bx', true],
    ['[a-c]x', '-x', false],
    ['[abc-]x', '-x', true],
    ['{ghcr.io,quay.io}/*', 'quay.io/a', true],
    ['{ghcr.io,quay.io}/*', 'docker.io/a', false],
    ['{a*,b{1,2}}z', 'b2z', true],
    ['{a*,b{1,2}}z', 'a-anything-z', true],
    ['{a*,b{1,2}}z', 'b3z', false],
    ['\\*x', '*x', true],
    ['\\*x', 'ax', false],
    ['a.b(c)|[x]', 'a.b(c)|x', true],
    ['a.b[x]', 'a-bx', false],
    ['line[x]*', 'linex\nmore', true],
  ])('%s on %s: %s', (pattern, text, matches) => {
    const glob = compileGlob(pattern);
    if (glob instanceof EvaluationError) throw glob;
    expect(glob(text)).toBe(matches);
  });

  it.each(['[', '[]', '[a', '{a', '{a,b', 'a}[x', 'x\\', `${'{'.repeat(40)}`])('refuses %s', (pattern) => {
    expect(compileGlob(pattern)).toBeInstanceOf(EvaluationError);
  });

  it('is linear on hostile texts', () => {
    const glob = compileGlob('{*a*,*b*}*a*a*a*a*a*a[c]');
    if (glob instanceof EvaluationError) throw glob;
    expect(glob('a'.repeat(20_000))).toBe(false);
  });
});
