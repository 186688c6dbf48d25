import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { CelError } from '../values/cel-error.ts';
import { compilePattern, Pattern, PatternCache } from './pattern.ts';
import { toPlainRegExp } from './plain-pattern.ts';

describe('patterns that are matched natively', () => {
  it.each([
    '^registry[.]example[.]com/',
    '^[a-z0-9-]+$',
    '^v\\d+\\.\\d+$',
    '^.*:latest$',
    '^(a|bc)-[0-9]$',
    'abc',
    '^https?://',
  ])('%s', (source) => expect(toPlainRegExp(source)).toBeInstanceOf(RegExp));

  it.each([
    '(a+)+$',
    '^(a+)+$',
    'a*a*b',
    '^a*a*b*a*$',
    'a+',
    '^(a|aa)+$',
    '^[^/]+$',
    '(?i)abc',
    '\\bword',
    'a{2,}',
    '^.*.*$',
    'x$y',
    '\\pL',
    '[[:alpha:]]',
    'a+?',
    'é',
  ])('%s is left to RE2', (source) => expect(toPlainRegExp(source)).toBeUndefined());

  it('mean the same as in RE2', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[a-c0-9]',
      '\\d',
      '\\w',
      '\\.',
      '-',
      ':',
      '/',
      '(a|b)',
      '(?:ab|c)',
    );
    const quantified = fc.tuple(atom, fc.constantFrom('', '', '', '?', '*', '+')).map((parts) => parts.join(''));
    const pattern = fc
      .tuple(fc.constantFrom('', '^'), fc.array(quantified, { maxLength: 6 }), fc.constantFrom('', '$'))
      .map(([start, atoms, end]) => start + atoms.join('') + end);
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', 'c', '0', '.', '-', ':', '/', '\n', 'é', '😀'),
      maxLength: 12,
    });
    let native = 0;
    fc.assert(
      fc.property(pattern, text, (source, input) => {
        const plain = toPlainRegExp(source);
        if (plain === undefined) return;
        native++;
        expect(plain.test(input)).toBe(RE2JS.compile(source).matcher(input).find());
      }),
      { numRuns: 4000 },
    );
    expect(native).toBeGreaterThan(500);
  });

  it('take linear time', () => {
    const begun = performance.now();
    for (const source of ['^.*:latest$', '^[a-z]+[0-9]*[a-z]$', '^\\w+-?\\d+$', '^a*b*c*d*e*$']) {
      const plain = toPlainRegExp(source);
      plain?.test('a'.repeat(200_000));
      plain?.test(`${'a'.repeat(200_000)}!`);
    }
    expect(performance.now() - begun).toBeLessThan(500);
  });
});

describe('patterns', () => {
  it('tell what is wrong with them', () => {
    expect(compilePattern('(')).toEqual(new CelError('error parsing regexp: missing closing ): `(`'));
    expect(compilePattern('(?=a)')).toBeInstanceOf(CelError);
    expect(compilePattern('a'.repeat(20_000))).toBeInstanceOf(CelError);
  });

  it('find matches as Go does', () => {
    const pattern = compilePattern('a*');
    if (!(pattern instanceof Pattern)) throw new Error('does not compile');
    expect(pattern.findAll('baac').map(({ groups }) => groups[0])).toEqual(['', 'aa', '']);
    expect(pattern.findAll('baac', 1)).toHaveLength(1);
  });

  it('are kept within bounds', () => {
    const cache = new PatternCache();
    const first = cache.get('a');
    expect(cache.get('a')).toBe(first);
    for (let index = 0; index < 100; index++) cache.get(`b${index}`);
    expect(cache.get('a')).not.toBe(first);
  });
});
