import { describe, expect, it } from 'vitest';
import { toYamlText } from './yaml-text.ts';

describe('toYamlText writes scalars as go-yaml v3 does', () => {
  it.each([
    ['plain text', 'no colon here', 'k: no colon here\n'],
    ['a colon and a blank need quotes', 'validation error: x', "k: 'validation error: x'\n"],
    ['a colon alone does not', 'a:b', 'k: a:b\n'],
    ['quotes are doubled inside quotes', "rule 'r': failed", "k: 'rule ''r'': failed'\n"],
    ['a first indicator needs quotes', '*x', "k: '*x'\n"],
    ['a hash after a blank needs quotes', 'a #b', "k: 'a #b'\n"],
    ['words of other types are double-quoted', 'yes', 'k: "yes"\n'],
    ['numbers are double-quoted', '1e3', 'k: "1e3"\n'],
    ['base 60 numbers too', '12:30', 'k: "12:30"\n'],
    ['nothing', '', 'k: ""\n'],
    ['a blank at the end needs quotes', 'a ', "k: 'a '\n"],
    ['a tab is escaped', 'a\tb', 'k: "a\\tb"\n'],
    ['lines are a literal block', 'a: 1\nb', 'k: |-\n  a: 1\n  b\n'],
    ['with its last line break', 'a\n', 'k: |\n  a\n'],
    ['a first blank is hinted', ' a\nb', 'k: |2-\n   a\n  b\n'],
    ['a blank before a line break cannot be a block', 'a \nb', 'k: "a \\nb"\n'],
    ['control characters are escaped', 'a\u0007\u001b', 'k: "a\\a\\e"\n'],
    ['other letters are not', 'größe ‘Audit’', 'k: größe ‘Audit’\n'],
  ])('%s', (_name, text, expected) => {
    expect(toYamlText({ k: text })).toBe(expected);
  });

  it('nests maps, keys in natural order', () => {
    expect(toYamlText({ 'rule-10': { b: 'x' }, 'rule-9': { a: 'y' }, 'rule-9a': {} })).toBe(
      'rule-9:\n  a: "y"\nrule-9a: {}\nrule-10:\n  b: x\n',
    );
  });

  it('never folds a long line', () => {
    const text = `validation error: ${'word '.repeat(60)}end`;
    expect(toYamlText({ k: text })).toBe(`k: '${text}'\n`);
  });
});
