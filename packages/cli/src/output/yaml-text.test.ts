import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { YamlText } from './yaml-text.ts';

describe('a text of YAML', () => {
  it('is what was added to it', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary', minLength: 60, maxLength: 5000 }),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.nat({ max: 300 }))), (pieces) => {
        const text = new YamlText();
        for (const added of pieces) {
          if (typeof added === 'number') text.addSpaces(added);
          else text.add(added);
        }
        const whole = pieces.map((added) => (typeof added === 'number' ? ' '.repeat(added) : added)).join('');
        expect(text.toString()).toBe(whole.toWellFormed());
      }),
    );
  });

  it.each<[string, boolean]>([
    ['nginx/web:1', false],
    ['registry.test/web-1_2', true],
    ['Always', true],
    ['false', false],
    ['1abcdef', false],
    ['', false],
    ['größer', false],
    ['x'.repeat(1000), true],
    ['x'.repeat(1001), false],
  ])('takes %j as it is: %s', (added, isTaken) => {
    const text = new YamlText();
    text.add('a: ');
    expect(text.addPlain(added)).toBe(isTaken);
    expect(text.toString()).toBe(isTaken ? `a: ${added}` : 'a: ');
  });
});
