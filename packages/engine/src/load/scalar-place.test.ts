import { expect, it } from 'vitest';
import { readDocuments } from './read-documents.ts';

/** The line and column where `mark` of the value at `a` is written. */
function placeOf(source: string, mark: string): readonly [number, number] | undefined {
  const [document] = readDocuments(source, 'x.yaml').documents;
  const { value, sources } = document ?? {};
  const text = typeof value === 'object' && value !== null && 'a' in value ? String(value.a) : '';
  const range = sources?.('a', text.indexOf(mark));
  return range && [range.line, range.column];
}

it.each([
  ['plain', 'a: one two', 'two', 1, 8],
  ['plain, folded', 'a: one\n  two\n  three', 'three', 3, 3],
  ['single quotes', "a: 'it''s two'", 'two', 1, 11],
  ['single quotes, folded', "a: 'one\n   two'", 'two', 2, 4],
  ['double quotes', 'a: "x \\"y\\" two"', 'two', 1, 13],
  ['double quotes with an escaped line end', 'a: "one \\\n   two"', 'two', 2, 4],
  ['double quotes with codes', 'a: "\\u0041\\x42\\n two"', 'two', 1, 18],
  ['double quotes with a code beyond the plane', 'a: "\\U0001F600 two"', 'two', 1, 16],
  ['JSON', '{"b": 1, "a": "one two"}', 'two', 1, 20],
  ['a literal block', 'a: |\n  one\n    two\n', 'two', 3, 5],
  ['a folded block', 'a: >-\n    one\n    two\n\n    three', 'three', 5, 5],
  ['a block with a header and a comment', 'a: >2- # why\n  one\n  two', 'two', 3, 3],
  ['a block that looks like a comment', 'a: |\n  # one\n  two', 'two', 3, 3],
  ['an anchor before it', 'b: &x one two\na: *x', 'two', 1, 11],
])('%s', (_name, source, mark, line, column) => {
  expect(placeOf(source, mark)).toEqual([line, column]);
});

it('the end of the text is right behind it', () => {
  const [document] = readDocuments('a: >-\n  one\n  two\nb: 1', 'x.yaml').documents;
  expect(document?.sources('a', 7)).toMatchObject({ line: 3, column: 6 });
  expect(document?.sources('a', 99)).toMatchObject({ line: 3, column: 6 });
});

it('a path without a scalar is where the path is', () => {
  const [document] = readDocuments('a:\n  b: {c: d}', 'x.yaml').documents;
  expect(document?.sources('a.b', 2)).toMatchObject({ line: 2, column: 3 });
  expect(document?.sources('a.z', 2)).toMatchObject({ line: 1, column: 1 });
});
