import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DerCursor,
  derContextTag,
  derTags,
  openDer,
  readDer,
  readDerChildren,
  retagDer,
  unwrapDer,
} from './der-reader.ts';
import {
  readDerBitString,
  readDerBoolean,
  readDerInteger,
  readDerObjectIdentifier,
  readDerSmallInteger,
  readDerString,
  readDerTime,
} from './der-values.ts';
import {
  derBoolean,
  derContext,
  derGeneralizedTime,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSetOf,
  derTime,
  derUtf8String,
  writeDer,
} from './der-writer.ts';
import { attemptPki, PkiError } from './pki-error.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('readDer refuses', () => {
  it.each([
    ['empty input', '', 'data ends inside an element header'],
    ['a tag alone', '30', 'data ends inside an element header'],
    ['a cut length', '3082 01', 'data ends inside an element header'],
    ['a cut content', '3003 0101', 'ends past the data'],
    ['trailing bytes', '0500 00', '1 trailing bytes'],
    ['an indefinite length', '3080 0500 0000', 'indefinite length'],
    ['a length of five bytes', '3085 0000000001 00', 'length is too large'],
    ['a length with the high bit set', '3084 ffffffff 00', 'ends past the data'],
    ['a long form that would be short', '0481 01 00', 'shortest form'],
    ['a leading zero in the length', '0482 0001 00', 'shortest form'],
    ['a multi-byte tag', '1f8101 00', 'multi-byte tags'],
  ])('%s', (_, input, message) => {
    expect(() => readDer(hex(input))).toThrow(message);
  });

  it('input over the limit', () => {
    expect(() => readDer(derOctetString(new Uint8Array(100)), 50)).toThrow('exceeds 50');
  });

  it('a child that reaches past its parent', () => {
    expect(() => readDerChildren(readDer(hex('3003 0402 00')))).toThrow('ends past the data');
  });

  it('nesting beyond the limit, without recursion', () => {
    let nested: Uint8Array = derSequence();
    for (let level = 0; level < 5000; level += 1) nested = derSequence(nested);
    const descend = (): void => {
      for (let element = readDer(nested); ; element = unwrapDer(element, 'level'));
    };
    expect(descend).toThrow('nested more than 32 levels');
  });
});

describe('DerCursor', () => {
  const structure = readDer(derSequence(derInteger(1), derContext(3, derInteger(2)), derBoolean(true)));

  it('reads in order, skips absent optionals, and insists on the end', () => {
    const cursor = openDer(structure, 'thing');
    expect(readDerInteger(cursor.next(derTags.integer))).toBe(1n);
    expect(cursor.optional(derContextTag(0, true))).toBeUndefined();
    expect(readDerInteger(unwrapDer(cursor.next(derContextTag(3, true)), 'wrapped'))).toBe(2n);
    expect(() => cursor.finish()).toThrow('thing: unexpected element with tag 0x01');
    expect(readDerBoolean(cursor.next())).toBe(true);
    cursor.finish();
    expect(() => cursor.next(undefined, 'value')).toThrow('thing: value is missing');
  });

  it('names the field whose tag is wrong', () => {
    expect(() => openDer(structure, 'thing').next(derTags.set, 'members')).toThrow(
      'thing: members has tag 0x02, expected 0x31',
    );
  });

  it('refuses primitive parents and wrappers of two', () => {
    expect(() => new DerCursor(readDer(derInteger(1)))).toThrow('constructed');
    expect(() => unwrapDer(structure, 'thing')).toThrow('unexpected element');
  });

  it('retags without touching the input', () => {
    const implicit = readDer(derContext(0, derInteger(5)));
    const set = retagDer(implicit, derTags.set);
    expect(set.bytes[0]).toBe(derTags.set);
    expect(implicit.bytes[0]).toBe(0xa0);
    expect(readDerChildren(set).map((child) => readDerInteger(child))).toEqual([5n]);
  });
});

describe('values', () => {
  it.each([
    ['integer empty', () => readDerInteger(readDer(hex('0200'))), 'is empty'],
    ['integer padded', () => readDerInteger(readDer(hex('0202 0001'))), 'shortest form'],
    ['negative integer padded', () => readDerInteger(readDer(hex('0202 ff80'))), 'shortest form'],
    ['small integer negative', () => readDerSmallInteger(readDer(hex('0201 ff')), 5), 'between 0 and 5'],
    ['boolean of another value', () => readDerBoolean(readDer(hex('0101 01'))), 'malformed'],
    ['oid empty', () => readDerObjectIdentifier(readDer(hex('0600'))), 'malformed'],
    ['oid cut', () => readDerObjectIdentifier(readDer(hex('0602 2a86'))), 'ends inside a number'],
    ['oid padded', () => readDerObjectIdentifier(readDer(hex('0603 2a8001'))), 'shortest form'],
    ['bit string without its count', () => readDerBitString(readDer(hex('0300'))), 'malformed'],
    ['bit string with 8 unused bits', () => readDerBitString(readDer(hex('0302 0800'))), 'malformed'],
    ['bit string with a dirty end', () => readDerBitString(readDer(hex('0302 0101'))), 'not zero'],
    ['utf-8 broken', () => readDerString(readDer(hex('0c01 ff'))), 'not valid utf-8'],
    ['ia5 with NUL', () => readDerString(readDer(hex('1602 6100'))), 'outside ASCII'],
    [
      'time without zone',
      () => readDerTime(readDer(writeDer(derTags.utcTime, Buffer.from('250101000000')))),
      'malformed',
    ],
    ['30 February', () => readDerTime(readDer(writeDer(derTags.utcTime, Buffer.from('250230000000Z')))), 'not a date'],
    ['hour 24', () => readDerTime(readDer(writeDer(derTags.utcTime, Buffer.from('250228240000Z')))), 'not a date'],
  ])('refuses %s', (_, read, message) => {
    expect(read).toThrow(message);
  });

  it('reads a fraction of a second and two-digit years on both sides of 1950', () => {
    const time = (tag: number, text: string): string =>
      readDerTime(readDer(writeDer(tag, Buffer.from(text)))).toISOString();
    expect(time(derTags.generalizedTime, '20260102030405.1239Z')).toBe('2026-01-02T03:04:05.123Z');
    expect(time(derTags.utcTime, '490101000000Z')).toBe('2049-01-01T00:00:00.000Z');
    expect(time(derTags.utcTime, '500101000000Z')).toBe('1950-01-01T00:00:00.000Z');
  });

  it('sorts a SET OF', () => {
    const set = derSetOf(derInteger(300), derInteger(2), derInteger(1));
    expect(readDerChildren(readDer(set)).map((child) => readDerInteger(child))).toEqual([1n, 2n, 300n]);
  });
});

describe('properties', () => {
  it('written values read back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 600n), max: 1n << 600n }), (value) => {
        expect(readDerInteger(readDer(derInteger(value)))).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(readDerString(readDer(derUtf8String(text)))).toBe(text);
      }),
    );
    const arcs = fc.array(fc.bigInt({ min: 0n, max: 1n << 70n }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(2), fc.nat(39), arcs, (root, second, rest) => {
        const dotted = [root, second, ...rest].join('.');
        expect(readDerObjectIdentifier(readDer(derObjectIdentifier(dotted)))).toBe(dotted);
      }),
    );
    const dates = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        const seconds = Math.floor(date.getTime() / 1000) * 1000;
        expect(readDerTime(readDer(derTime(date))).getTime()).toBe(seconds);
        expect(readDerTime(readDer(derGeneralizedTime(date))).getTime()).toBe(seconds);
      }),
    );
  });

  it('any bytes give an element inside them or a PkiError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const result = attemptPki(() => readDer(bytes));
        if (result.ok) {
          expect(result.value.bytes).toHaveLength(bytes.length);
          expect(result.value.content.length).toBeLessThan(bytes.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('attemptPki lets bugs through', () => {
    expect(attemptPki(() => readDer(new Uint8Array()))).toMatchObject({ ok: false });
    expect(new PkiError('x').name).toBe('PkiError');
    expect(() =>
      attemptPki(() => {
        throw new TypeError('bug');
      }),
    ).toThrow(TypeError);
  });
});
