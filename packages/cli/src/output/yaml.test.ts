import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { toGoYaml, toYaml } from './yaml.ts';

const OPTIONS = {
  lineWidth: 0,
  version: '1.1',
  aliasDuplicateObjects: false,
  defaultStringType: 'PLAIN',
  defaultKeyType: 'PLAIN',
} as const;

const text = fc.oneof(
  fc.string(),
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9_./-]{0,9}$/),
  fc.constantFrom(
    'a',
    'yes',
    'null',
    '~',
    '1',
    '0x1',
    '1e3',
    'a: b',
    'a #b',
    '- a',
    '',
    ' a',
    'a ',
    'a\nb',
    '"a"',
    "it's",
    '{{ a }}',
    '@x',
    '#',
    '?',
    'é',
    '12:30',
    '<<',
    'x'.repeat(1200),
  ),
);
const { value: any } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.constantFrom(null, true, false, 0, -1, 1.5, 1e21, -0),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
}));

describe('YAML that is written', () => {
  it('is laid out as the library does it', () => {
    fc.assert(
      fc.property(any, fc.constantFrom(2, 4), fc.boolean(), (value, indent, isSorted) => {
        const whole = stringify(value, { ...OPTIONS, indent, sortMapEntries: isSorted });
        expect(toYaml(value, indent, isSorted ? 'sorted' : 'as-given')).toBe(whole);
      }),
      { numRuns: 2000 },
    );
  });

  it('indents by four for Go, and sorts', () => {
    const written = toGoYaml({ b: [{ d: 1, c: { z: 'yes' } }], a: '1' });
    expect(written).toBe('a: "1"\nb:\n    - c:\n          z: "yes"\n      d: 1\n');
    expect(parse(written)).toEqual({ a: '1', b: [{ c: { z: 'yes' }, d: 1 }] });
  });
});
