import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDocuments } from '@vouchsafe/engine';
import { appendDocumentPath, isJsonArray, type Json, type SourceRange } from '@vouchsafe/engine/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readText } from '../read-text.ts';
import { readBlockYaml } from './read-block-yaml.ts';

const read = (text: string) => readBlockYaml(text, 0, text.length);

/** What the library makes of a text that holds one document; `undefined` when it refuses it. */
function readByLibrary(text: string): unknown {
  const { documents, diagnostics } = readDocuments(text, 'f');
  if (diagnostics.some(({ severity }) => severity === 'error') || documents.length > 1) return undefined;
  return documents[0]?.value ?? null;
}

describe('block YAML', () => {
  it.each<[string, string, unknown]>([
    ['nothing', '', null],
    ['comments', '# a\n\n  # b\n', null],
    ['a mapping', 'a: 1\nb: x # why\n', { a: 1, b: 'x' }],
    ['a list below a key, indented or not', 'a:\n- 1\nb:\n  - 2\n', { a: [1], b: [2] }],
    ['lists of mappings', '- a: 1\n  b: 2\n-   c:\n      d: 3\n', [{ a: 1, b: 2 }, { c: { d: 3 } }]],
    ['lists of lists', '- - 1\n  - 2\n- - 3\n', [[1, 2], [3]]],
    ['absent values', 'a:\nb: ~\nc:\n  -\n  - # x\n', { a: null, b: null, c: [null, null] }],
    [
      'truth as YAML 1.1 has it',
      'a: yes\nb: off\nc: n\nd: True\ne: nope\n',
      { a: true, b: false, c: false, d: true, e: 'nope' },
    ],
    [
      'numbers and what looks like them',
      'a: 12\nb: -3\nc: 1.50\nd: 1.2.3\ne: 2024-01-01\nf: 10:30\n',
      { a: 12, b: -3, c: 1.5, d: '1.2.3', e: '2024-01-01', f: '10:30' },
    ],
    [
      'quotes',
      `a: "1"\nb: 'it''s'\nc: "a\\n\\u00e9"\n"d": ''\n- `.slice(0, -2),
      { a: '1', b: "it's", c: 'a\né', d: '' },
    ],
    ['colons and hashes in texts', 'a: http://b/c#d\ne: f#g\nh:i: j\n', { a: 'http://b/c#d', e: 'f#g', 'h:i': 'j' }],
    ['a literal text', 'a: |\n  x\n    y\n\n  z\n\nb: 1\n', { a: 'x\n  y\n\nz\n', b: 1 }],
    ['a literal text without its end', 'a: |-\n  x\n# b\nc: 1\n', { a: 'x', c: 1 }],
    ['a folded text', 'a: >-\n  x\n  y\n\n  z\n', { a: 'x y\nz' }],
    ['an empty text', 'a: |\nb: 1\n', { a: '', b: 1 }],
    [
      'brackets on one line',
      'a: [x, "y", 1]\nb: {c: {d: []}, "e":1}\nf: {}\n',
      { a: ['x', 'y', 1], b: { c: { d: [] }, e: 1 }, f: {} },
    ],
    ['brackets over several lines', 'a: [x,\n  z\n  ]\nb: {c: 1,\n\n   d: 2}\n', { a: ['x', 'z'], b: { c: 1, d: 2 } }],
    ['JSON', '{"a": [1, true, null,\n"\\u00e9"],\n"b":{}}\n', { a: [1, true, null, 'é'], b: {} }],
    ['the last of equal keys', 'a: 1\na: 2\n', { a: 2 }],
    ['names that objects inherit', 'constructor: 1\ntoString: 2\n', { constructor: 1, toString: 2 }],
  ])('reads %s', (_, text, value) => {
    expect(read(text)).toEqual(value);
    expect(readByLibrary(text)).toEqual(value);
  });

  it.each([
    ['anchors', 'a: &b 1\n'],
    ['aliases', 'a: *b\n'],
    ['tags', 'a: !!str 1\n'],
    ['merge keys', 'a:\n  <<: {b: 1}\n'],
    ['explicit keys', '? a\n: b\n'],
    ['keys that are no text', '1: a\n'],
    ['a key that means more to JavaScript', '__proto__: {a: 1}\n'],
    ['texts of several lines', 'a: b\n  c\n'],
    ['quotes over several lines', 'a: "b\n  c"\n'],
    ['brackets that are not indented', 'a: [b,\nc]\n'],
    ['comments in brackets', 'a: [b, # c\n  d]\n'],
    ['numbers in odd spellings', 'a: 0x1F\n'],
    ['numbers with leading zeros', 'a: 0777\n'],
    ['exponents', 'a: 1e3\n'],
    ['numbers that are not finite', 'a: .inf\n'],
    ['large numbers', 'a: 12345678901234567890\n'],
    ['tabs that indent', 'a:\n\tb: 1\n'],
    ['tabs that separate', 'a:\tb\n'],
    ['wrong indentation', 'a:\n    b: 1\n  c: 2\n'],
    ['a key in a text', 'a: b: c\n'],
    ['text behind quotes', 'a: "b" c\n'],
    ['quotes that do not end', 'a: "b\n'],
    ['template braces', 'a: {{ b }}\n'],
    ['a lone text', 'a\n'],
    ['deeper lines in a folded text', 'a: >\n  b\n    c\n'],
    ['indentation indicators', 'a: |2\n  b\n'],
    ['kept line ends', 'a: |+\n  b\n\n'],
    ['the end of a document', 'a: b\n...\nc: d\n'],
    ['escapes of YAML alone', 'a: "\\x41"\n'],
    ['deep nesting', `${Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')}`],
    ['deep lists', `a: ${'[]'.replace('[]', '['.repeat(200))}${']'.repeat(200)}\n`],
    ['deep entries', `${'- '.repeat(500)}a\n`],
  ])('leaves %s to the library', (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});

const TOKENS = [
  'a',
  'b',
  'key',
  ':',
  ': ',
  ' ',
  '  ',
  '\n',
  '\n',
  '\n  ',
  '\n    ',
  '\n- ',
  '\n  - ',
  '- ',
  '-',
  '#',
  ' #',
  '"',
  "'",
  '|',
  '>',
  '|-',
  '>-',
  '|\n  ',
  '>-\n    ',
  '[',
  ']',
  '{',
  '}',
  ',',
  ', ',
  '&',
  '*',
  '!',
  '%',
  '@',
  '?',
  '? ',
  '0',
  '1',
  '12',
  '.',
  '+',
  '_',
  'e',
  'x',
  '~',
  'null',
  'yes',
  'no',
  'true',
  '<<',
  '\\',
  '\\n',
  "''",
  '\t',
  'é',
  '\u2028',
  '\u0085',
  '\u0000',
  '...',
  '---',
  '=',
  '(',
  '/',
  '$',
  'a: ',
  'b: ',
  'c:\n',
  '\n\n',
]; // prettier-ignore

const SAMPLE = `# sample
apiVersion: v1
kind: Pod
metadata:
  name: a
  labels: {app: b, "c": 'd'}
  annotations:
    note: >-
      one
      two

      three
    script: |
      #!/bin/sh
        exec "$@"
spec:
  containers:
  - name: x
    args: [--a=b, "-c", 1]
    ports:
      - containerPort: 80
        protocol: "TCP"   # why
  - name: y
    resources: {}
  replicas: 3
  enabled: yes
  none:
  last: 'it''s'
`;

/** Either the library answers the same, or the text is left to it. */
function expectAgreement(text: string): void {
  const value = read(text);
  if (value === undefined) return;
  expect([text, value]).toEqual([text, readByLibrary(text)]);
}

const RUNS = Number(process.env['VOUCHSAFE_FUZZ_RUNS'] ?? 1500);

describe('agrees with the library', () => {
  it('on any tokens', () => {
    const text = fc.array(fc.constantFrom(...TOKENS), { maxLength: 24 }).map((tokens) => tokens.join(''));
    fc.assert(fc.property(text.filter(isOneDocument), expectAgreement), { numRuns: RUNS });
  });

  it('on a document with mistakes in it', () => {
    const mistake = fc.tuple(fc.nat(SAMPLE.length), fc.nat(3), fc.constantFrom('', ...TOKENS));
    const text = fc
      .array(mistake, { minLength: 1, maxLength: 3 })
      .map((mistakes) =>
        mistakes.reduce(
          (before, [at, length, added]) => before.slice(0, at) + added + before.slice(at + length),
          SAMPLE,
        ),
      );
    fc.assert(fc.property(text.filter(isOneDocument), expectAgreement), { numRuns: RUNS });
  });

  it('on what it writes itself', () => {
    expect(read(SAMPLE)).toBeDefined();
    expectAgreement(SAMPLE);
  });
});

/** The splitter comes before the reader, and hands over whatever has carriage returns or directives. */
function isOneDocument(text: string): boolean {
  return !/^---(?:\s|$)|^%|\r|^\uFEFF/m.test(text) && !/^\s*[[{]/.test(text);
}

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
/** Further folders with YAML to compare on. */
const CORPUS = process.env['VOUCHSAFE_YAML_CORPUS'];
const FOLDERS =
  CORPUS === undefined
    ? ['examples', 'conformance', 'packages', 'bench', 'docs'].map((name) => join(ROOT, name))
    : [CORPUS];

function findYaml(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules'));
}

/** Some paths of a document, and one that it does not have. */
function pathsOf(value: Json): readonly string[] {
  const paths: string[] = ['absent'];
  const add = (at: Json, path: string): void => {
    if (paths.length >= 60) return;
    paths.push(path);
    if (typeof at !== 'object' || at === null) return;
    for (const [key, item] of Object.entries(at)) {
      add(item, appendDocumentPath(path, isJsonArray(at) ? Number(key) : key));
    }
  };
  add(value, '');
  return paths;
}

function startOf(range: SourceRange | undefined): string {
  return `${range?.line}:${range?.column}`;
}

describe('a file of the tree', () => {
  const files = FOLDERS.flatMap(findYaml);

  it('reads as the library reads it', () => {
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const text = readFileSync(file, 'utf8');
      const [own, whole] = [readText(text, file), readDocuments(text, file)].map(({ documents, diagnostics }) => ({
        values: documents.map(({ value }) => value),
        places: documents.map(({ value, sources }) => pathsOf(value).map((path) => [path, startOf(sources(path))])),
        errors: diagnostics.filter(({ severity }) => severity === 'error'),
      }));
      expect({ file, ...own }).toEqual({ file, ...whole });
    }
  }, 120_000);
});
