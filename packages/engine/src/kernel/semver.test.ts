import { describe, expect, it } from 'vitest';
import { EvaluationError } from './evaluation-error.ts';
import { compareSemver, inRange, parseSemver } from './semver.ts';

describe('inRange', () => {
  it.each<[string, string, boolean]>([
    ['4.1.3', '>=4.1.x', true],
    ['4.1.3', '!4.x.x', false],
    ['1.8.6', '>1.0.0 <2.0.0', true],
    ['2.1.5', '<2.0.0 || >=3.0.0', false],
    ['3.1.5', '<2.0.0 || >=3.0.0', true],
    ['1.2.3', '1.2.3', true],
    ['1.2.3', '==1.2.3', true],
    ['1.2.3', '!=1.2.3', false],
    ['1.2.3', '> 1.0.0', true],
    ['1.9.0', '1.x', true],
    ['2.0.0', '1.x', false],
    ['4.1.3', '4.x.x', false],
    ['1.3.0', '>1.2.x', true],
    ['1.2.9', '<=1.2.x', true],
    ['garbage', '<0.0.1', true],
    ['1.0.0-rc.1', '<1.0.0', true],
    ['1.0.0+build', '=1.0.0', true],
  ])('%s in %s is %s', (version, range, expected) => {
    expect(inRange(version, range)).toBe(expected);
  });

  it.each(['', '||', '1.0.0 ||', '>', 'x', '~1.0.0', '1.0', '>=a.b.c'])('%j is no range', (range) => {
    expect(inRange('1.0.0', range)).toBeInstanceOf(EvaluationError);
  });
});

describe('precedence', () => {
  const ordered = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '1.10.0',
    '2.0.0',
  ];
  it('follows SemVer 2.0.0', () => {
    const versions = ordered.map(parseSemver);
    for (const [index, version] of versions.entries()) {
      const next = versions[index + 1];
      if (version && next)
        expect([compareSemver(version, next), compareSemver(next, version)].map(Math.sign)).toEqual([-1, 1]);
    }
    expect(versions.every((version) => version !== undefined)).toBe(true);
  });

  it.each(['1', '1.0', '01.0.0', '1.0.0-01', 'v1.0.0', '1.0.0-', ''])('%j is no version', (text) => {
    expect(parseSemver(text)).toBeUndefined();
  });
});
