import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  compareQuantities,
  divideQuantities,
  formatQuantity,
  isIntegerQuantity,
  moduloQuantities,
  multiplyQuantities,
  parseQuantity,
  type Quantity,
  subtractQuantities,
  toBigInt,
  toNumber,
} from './quantity.ts';

function quantity(text: string): Quantity {
  const parsed = parseQuantity(text);
  if (!parsed) throw new Error(`\`${text}\` is no quantity`);
  return parsed;
}

describe('text', () => {
  it.each<[string, string]>([
    ['0', '0'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['1.5', '1500m'],
    ['100m', '100m'],
    ['1000m', '1'],
    ['0.5Mi', '512Ki'],
    ['512', '512'],
    ['1e3', '1e3'],
    ['1000000', '1M'],
    ['12e6', '12e6'],
    ['0.9n', '1n'],
    ['-0.9n', '-1n'],
    ['8Ei', '9223372036854775807'],
    ['1Ki', '1Ki'],
    ['2Ki', '2Ki'],
    ['8Ki', '8Ki'],
    ['0.1Ki', '102400m'],
    ['1000E', '1e21'],
    ['18446744073709551616', '18446744073709551616'],
    ['.5', '500m'],
    ['1.', '1.'],
    ['+1', '+1'],
    ['1.500', '1.500'],
  ])('%s is written %s', (text, expected) => {
    expect(formatQuantity(quantity(text))).toBe(expected);
  });

  it.each([
    '',
    'a',
    '1i',
    '1mi',
    '1 ',
    ' 1',
    '1KiB',
    '1e',
    '1e1.5',
    '--1',
    '1.2.3',
    '0x1',
    '1e999999999',
    '9'.repeat(300),
  ])('%j is no quantity', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});

describe('arithmetic', () => {
  it.each<[string, (a: Quantity, b: Quantity) => Quantity | undefined, string, string]>([
    ['12Ki', addQuantities, '13Ki', '25Ki'],
    ['12Ki', addQuantities, '13', '12301'],
    ['12Ki', subtractQuantities, '13Ki', '-1Ki'],
    ['12Ki', subtractQuantities, '13', '12275'],
    ['12Ki', multiplyQuantities, '2', '24Ki'],
    ['12Ki', multiplyQuantities, '2.5', '30Ki'],
    ['12', multiplyQuantities, '2.5', '30'],
    ['12Ki', divideQuantities, '3', '4Ki'],
    ['12Ki', moduloQuantities, '5Ki', '2Ki'],
    ['0', addQuantities, '1Ki', '1Ki'],
    ['-7', moduloQuantities, '3', '-1'],
  ])('%s, %o, %s', (a, operation, b, expected) => {
    const result = operation(quantity(a), quantity(b));
    expect(result && formatQuantity(result)).toBe(expected);
  });

  it('refuses zero divisors', () => {
    expect(divideQuantities(quantity('1'), quantity('0'))).toBeUndefined();
    expect(moduloQuantities(quantity('1'), quantity('0'))).toBeUndefined();
  });

  it('rounds as asked', () => {
    const third = divideQuantities(quantity('10'), quantity('3'), 2);
    expect(third && formatQuantity(third)).toBe('3330m');
  });
});

describe('comparison', () => {
  it.each<[string, string, number]>([
    ['1Gi', '1024Mi', 0],
    ['1G', '1Gi', -1],
    ['0.2', '200m', 0],
    ['500m', '0.4', 1],
    ['1e3', '1k', 0],
    ['-1', '1n', -1],
    ['9007199254740993', '9007199254740992', 1],
  ])('%s to %s is %s', (a, b, expected) => {
    expect(compareQuantities(quantity(a), quantity(b))).toBe(expected);
  });

  it('survives writing and reading', () => {
    const suffixes = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'e3', 'e-3');
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 999_999 }), fc.nat(999), suffixes, (whole, part, suffix) => {
        const parsed = quantity(`${whole}.${part}${suffix}`);
        const { text: _, ...written } = parsed;
        expect(compareQuantities(quantity(formatQuantity(written)), parsed)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('numbers', () => {
  it.each<[string, number, bigint, boolean]>([
    ['1500m', 1.5, 2n, false],
    ['-1500m', -1.5, -2n, false],
    ['1Gi', 1_073_741_824, 1_073_741_824n, true],
    ['1k', 1000, 1000n, true],
  ])('%s', (text, number, whole, integer) => {
    expect(toNumber(quantity(text))).toBe(number);
    expect(toBigInt(quantity(text))).toBe(whole);
    expect(isIntegerQuantity(quantity(text))).toBe(integer);
  });
});
