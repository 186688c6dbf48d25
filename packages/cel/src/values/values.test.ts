import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { CelError } from './cel-error.ts';
import { CelMap, MapBuilder, mapGet } from './cel-map.ts';
import type { CelValue } from './cel-value.ts';
import { isEqual } from './equality.ts';
import { CelDouble, CelUint, formatDouble, toInt } from './numbers.ts';
import { compareValues } from './ordering.ts';
import {
  CelDuration,
  CelTimestamp,
  civilFromDays,
  daysFromCivil,
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
} from './time.ts';
import { toJson } from './to-json.ts';
import { codePointLength, compareStrings, decodeUtf8, encodeUtf8 } from './utf8.ts';

describe('text and bytes', () => {
  it('survive each other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const wellFormed = text.toWellFormed();
        expect(decodeUtf8(encodeUtf8(text))).toBe(wellFormed);
        expect([...encodeUtf8(text)]).toEqual([...Buffer.from(wellFormed)]);
        expect(codePointLength(text)).toBe([...text].length);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(encodeBase64(bytes).replaceAll('=', ''))).toEqual(bytes);
      }),
    );
  });

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xf4, 0x90, 0x80, 0x80]], [[0xe2, 0x82]]])(
    '%j is no UTF-8',
    (bytes) => {
      expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined();
    },
  );

  it.each(['=', 'a', 'a===', 'ab=c', 'a-b_'])('%s is no base64', (text) => expect(decodeBase64(text)).toBeUndefined());

  it('are ordered by code point', () => {
    expect(compareStrings('\uffff', '😀')).toBeLessThan(0);
    expect(compareStrings('a', 'ab')).toBeLessThan(0);
  });
});

describe('numbers', () => {
  it('are equal across types, and int and double are not confused', () => {
    const ones: CelValue[] = [1, new CelDouble(1), new CelUint(1n)];
    for (const a of ones) for (const b of ones) expect([isEqual(a, b), compareValues(a, b)]).toEqual([true, 0]);
    expect(isEqual(Number.NaN, Number.NaN)).toBe(false);
    expect(isEqual(2n ** 62n, new CelUint(2n ** 62n))).toBe(true);
    expect(isEqual(1, '1')).toBe(false);
  });

  it('overflow at 64 bits', () => {
    expect(toInt(2n ** 63n - 1n)).toBe(2n ** 63n - 1n);
    expect(toInt(2n ** 63n)).toBeInstanceOf(CelError);
    expect(toInt(7n)).toBe(7);
  });

  it.each<[number, string]>([
    [1, '1'],
    [-0, '-0'],
    [1e21, '1e+21'],
    [1e20, '100000000000000000000'],
    [1.5e-10, '1.5e-10'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [Number.POSITIVE_INFINITY, '+Inf'],
  ])('%d is written %s', (value, text) => expect(formatDouble(value)).toBe(text));
});

describe('time', () => {
  it('agrees with the platform’s calendar', () => {
    fc.assert(
      fc.property(fc.integer({ min: -719_162, max: 2_932_896 }), (days) => {
        const { year, month, day } = civilFromDays(days);
        expect(daysFromCivil(year, month, day)).toBe(days);
        const date = new Date(days * 86_400_000);
        expect([year, month, day]).toEqual([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]);
      }),
    );
  });

  it.each([
    ['1h30m', '5400s'],
    ['-1.5s', '-1.5s'],
    ['1us1ns', '0.000001001s'],
    ['0', '0s'],
  ])('%s is %s', (text, written) => expect(formatDuration(parseDuration(text) ?? new CelDuration(-1n))).toBe(written));

  it.each(['', '1', '1x', 'h', '.s', '--1s', '1h ', '9999999h'])('%j is no duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    ['2024-02-29T23:59:59.999999999Z', '2024-02-29T23:59:59.999999999Z'],
    ['2024-01-01T00:00:00+05:30', '2023-12-31T18:30:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ])('%s is %s', (text, written) =>
    expect(formatTimestamp(parseTimestamp(text) ?? new CelTimestamp(0n))).toBe(written),
  );

  it.each([
    '2023-02-29T00:00:00Z',
    '2024-01-01',
    '2024-01-01T24:00:00Z',
    '0000-12-31T23:59:59Z',
    '2024-01-01T00:00:00',
  ])('%s is no timestamp', (text) => expect(parseTimestamp(text)).toBeUndefined());
});

describe('maps', () => {
  it('find numbers of any type, and keep the keys they were given', () => {
    const builder = new MapBuilder();
    expect(builder.add(new CelUint(1n), 'one')).toBeUndefined();
    expect(builder.add(1, 'again')).toBeInstanceOf(CelError);
    expect(builder.add(1.5, 'no key')).toBeInstanceOf(CelError);
    const map = builder.build();
    expect([mapGet(map, 1), mapGet(map, new CelDouble(1)), mapGet(map, '1')]).toEqual(['one', 'one', undefined]);
    expect(map.keys()).toEqual([new CelUint(1n)]);
  });

  it('are equal to plain objects of the same members', () => {
    const map = new CelMap(new Map<string, CelValue>([['a', [1, new CelDouble(2)]]]));
    expect(isEqual(map, { a: [1, 2] })).toBe(true);
    expect(isEqual({ a: [1, 2] }, map)).toBe(true);
    expect(isEqual(map, { a: [1, 2], b: null })).toBe(false);
  });

  it('become JSON without touching prototypes', () => {
    const json = toJson(new CelMap(new Map<string, CelValue>([['__proto__', { a: 1 }]])));
    expect(Object.getPrototypeOf(json)).toBe(Object.prototype);
    expect(Object.keys(json as object)).toEqual(['__proto__']);
  });
});
