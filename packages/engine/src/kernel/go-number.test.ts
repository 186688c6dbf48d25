import { describe, expect, it } from 'vitest';
import { formatPlainNumber, parseGoFloat, parseGoInteger } from './go-number.ts';

describe('numbers as Go reads them', () => {
  it.each<[string, number | undefined]>([
    ['1', 1],
    ['-1.5e3', -1500],
    ['.5', 0.5],
    ['1.', 1],
    ['+2', 2],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['1e999', undefined],
    ['', undefined],
    ['.', undefined],
    [' 1', undefined],
    ['0b1', undefined],
    ['1_000', undefined],
  ])('%j is %s', (text, expected) => {
    expect(parseGoFloat(text)).toBe(expected);
  });

  it('whole numbers fit 64 bits', () => {
    expect(parseGoInteger('9223372036854775807')).toBe(2n ** 63n - 1n);
    expect(parseGoInteger('9223372036854775808')).toBeUndefined();
    expect(parseGoInteger('1.0')).toBeUndefined();
  });
});

describe('numbers as Go writes them', () => {
  it.each<[number, string]>([
    [0, '0'],
    [5, '5'],
    [1_000_000, '1000000'],
    [1e21, '1000000000000000000000'],
    [0.5, '0.500000'],
    [0.00001, '0.000010'],
    [-1.25, '-1.250000'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
  ])('%d', (value, plain) => {
    expect(formatPlainNumber(value)).toBe(plain);
  });
});
