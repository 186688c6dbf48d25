import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinPem, splitPem } from './pem.ts';

describe('splitPem', () => {
  it('reads what joinPem writes, with text around', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 5 }), (contents) => {
        const text = contents.map((der) => `note\r\n${joinPem('PRIVATE KEY', der)}`).join('');
        expect(splitPem(text).map(({ der }) => Uint8Array.from(der))).toEqual(contents);
      }),
    );
  });

  it.each([
    ['no end', '-----BEGIN X-----\nAAAA\n', 'has no end'],
    ['another end', '-----BEGIN X-----\nAAAA\n-----END Y-----', 'has no end'],
    ['no base64', '-----BEGIN X-----\n!!!!\n-----END X-----', 'is not base64'],
    ['cut base64', '-----BEGIN X-----\nAAA\n-----END X-----', 'is not base64'],
    ['nothing inside', '-----BEGIN X-----\n-----END X-----', 'is not base64'],
    ['headers', '-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END X-----', 'is not base64'],
    ['a lower case label', '-----BEGIN x-----\nAAAA\n-----END x-----', 'malformed label'],
    ['a label that never closes', `-----BEGIN ${'A'.repeat(1000)}`, 'malformed label'],
  ])('refuses a block with %s', (_, text, message) => {
    expect(() => splitPem(text)).toThrow(message);
  });

  it('is bounded', () => {
    const block = joinPem('X', Uint8Array.of(1));
    expect(() => splitPem(block.repeat(4), 3)).toThrow('more than 3 blocks');
    expect(() => splitPem(' '.repeat(4 * 1024 * 1024 + 1))).toThrow('exceeds');
    expect(splitPem('')).toEqual([]);
  });
});
