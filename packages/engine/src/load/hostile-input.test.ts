import { describe, expect, it } from 'vitest';
import { loadPolicies } from './load-policies.ts';
import { LIMITS } from './text-limits.ts';

const MIB = 1024 * 1024;

function bomb(levels: number): string {
  const lines = ['l0: &l0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level <= levels; level += 1) {
    lines.push(`l${level}: &l${level} [${Array.from({ length: 10 }, () => `*l${level - 1}`).join(', ')}]`);
  }
  return lines.join('\n');
}

function codes(text: string): readonly string[] {
  return loadPolicies(text, 'hostile').diagnostics.map(({ code }) => code);
}

describe('hostile texts are refused soon, with a diagnostic', () => {
  it.each([
    ['more than the limit', 'a: '.padEnd(LIMITS.size + 1, 'x'), 'document-too-large'],
    ['brackets, as YAML', `a: ${'['.repeat(200_000)}`, 'document-too-deep'],
    ['brackets, as JSON', '['.repeat(5 * MIB), 'document-too-deep'],
    ['braces, as JSON', '{"a":'.repeat(MIB), 'document-too-deep'],
    ['sequences on one line', '- '.repeat(MIB), 'document-too-deep'],
    ['explicit keys on one line', '? '.repeat(MIB), 'document-too-deep'],
    [
      'ever deeper blocks',
      Array.from({ length: 3000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
      'document-too-deep',
    ],
    ['a bomb of aliases', bomb(9), 'document-too-large'],
    ['an anchor inside itself', 'a: &a [*a]', 'document-syntax'],
    ['an unknown anchor', 'a: *nowhere', 'document-syntax'],
    ['half a JSON', '{"apiVersion": "kyverno.io/v1", "kind": ', 'document-syntax'],
    ['no YAML', 'a: "b\nc: : d\n\t- e', 'document-syntax'],
    ['not a number', 'a: .nan', 'document-syntax'],
    ['a list as a key', '? [a]\n: b', 'document-syntax'],
    ['a merge of no mapping', '<<: 1', 'document-syntax'],
    ['a text as document', 'just a text', 'policy-wrong-type'],
    [
      'a hundred thousand unknown fields',
      `{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy",${Array.from({ length: 100_000 }, (_, at) => `"z${at}":1`).join()}}`,
      'policy-unknown-field',
    ],
  ])('%s', (_name, text, code) => {
    const started = performance.now();
    expect(codes(text)).toContain(code);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('a large list of plain objects is no attack', () => {
    const object = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  key: value\n---\n';
    const { others, diagnostics } = loadPolicies(object.repeat(2000), 'many');
    expect([others.length, diagnostics]).toEqual([2000, []]);
  });

  it('a policy deep but within the limit loads', () => {
    const depth = 40;
    const nested = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const text = `{"apiVersion":"v1","kind":"ConfigMap","data":${nested}}`;
    expect(loadPolicies(text, 'deep').others).toHaveLength(1);
  });
});

describe('names of the prototype stay names', () => {
  it.each([
    [
      'YAML',
      'apiVersion: v1\nkind: ConfigMap\n__proto__: {polluted: true}\nconstructor: {prototype: {polluted: true}}\n',
    ],
    ['JSON', '{"apiVersion":"v1","kind":"ConfigMap","__proto__":{"polluted":true}}'],
    ['a merge key', 'apiVersion: v1\nkind: ConfigMap\n<<: {__proto__: {polluted: true}}\n'],
  ])('%s', (_name, text) => {
    const [document] = loadPolicies(text, 'proto').others;
    expect(Object.getPrototypeOf(document?.object)).toBe(Object.prototype);
    expect(Object.hasOwn(document?.object ?? {}, '__proto__')).toBe(true);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('in a policy they are unknown fields', () => {
    const text =
      'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec: {__proto__: {}, constructor: 1}\n';
    const { policies, diagnostics } = loadPolicies(text, 'proto');
    expect(policies).toEqual([]);
    expect(diagnostics.map(({ message }) => message)).toEqual([
      'unknown field `__proto__`',
      'unknown field `constructor`',
    ]);
  });
});
