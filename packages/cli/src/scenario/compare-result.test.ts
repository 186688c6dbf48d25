import { describe, expect, it } from 'vitest';
import { compareResult } from './compare-result.ts';

const result = { code: 1, stdout: 'a b\nc d\n', stderr: 'refused' };

describe('compareResult', () => {
  it.each([
    [{ exit: 1 }, undefined],
    [{ exit: 'fails' }, undefined],
    [{}, 'it ended with 1, not 0'],
    [{ exit: 1, stdout: ['c d', 'e'] }, 'standard output lacks `e`'],
    [{ exit: 1, stderr: ['denied'] }, 'standard error lacks `denied`'],
    [{ exit: 1, absent: ['refused'] }, 'it says `refused`'],
    [{ exit: 1, lines: [['b', 'a']] }, undefined],
    [{ exit: 1, lines: [['a', 'd']] }, 'no line of standard output has all of `a`, `d`'],
  ] as const)('%j', (expectation, surprise) => {
    expect(compareResult(result, expectation)).toBe(surprise);
  });
});
