import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  it.each<[string, bigint | undefined]>([
    ['0', 0n],
    ['+0', 0n],
    ['-0s', 0n],
    ['1h30m', 5_400_000_000_000n],
    ['-1.5s', -1_500_000_000n],
    ['.5s', 500_000_000n],
    ['1.s', 1_000_000_000n],
    ['1µs', 1000n],
    ['1us', 1000n],
    ['100ms', 100_000_000n],
    ['1.0000000019s', 1_000_000_001n],
    ['2562047h47m16.854775807s', 9_223_372_036_854_775_807n],
    ['2562047h47m16.854775808s', undefined],
    ['-2562047h47m16.854775808s', -9_223_372_036_854_775_808n],
    ['', undefined],
    ['1', undefined],
    ['s', undefined],
    ['.s', undefined],
    ['1d', undefined],
    ['1h ', undefined],
    [' 1h', undefined],
    ['1h-1m', undefined],
    ['60Mi', undefined],
    ['9'.repeat(300), undefined],
  ])('%j is %s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it('reads what formatDuration writes', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n), (value) => {
        expect(parseDuration(formatDuration(value))).toBe(value);
      }),
    );
  });
});

describe('formatDuration', () => {
  it.each<[bigint, string]>([
    [0n, '0s'],
    [1n, '1ns'],
    [1100n, '1.1µs'],
    [2_200_000n, '2.2ms'],
    [3_300_000_000n, '3.3s'],
    [245_000_000_000n, '4m5s'],
    [3_600_000_000_000n, '1h0m0s'],
    [-1_500_000_000n, '-1.5s'],
    [648_600_000_000_000n, '180h10m0s'],
  ])('%s is %s', (value, expected) => {
    expect(formatDuration(value)).toBe(expected);
  });
});
