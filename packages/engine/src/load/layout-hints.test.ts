import { describe, expect, it } from 'vitest';
import { loadPolicies } from './load-policies.ts';

const told = (text: string): readonly string[] =>
  loadPolicies(text, 'p.yaml').diagnostics.map(
    ({ range, message, hint }) => `${range?.line}:${range?.column} ${message} (${hint})`,
  );
const misplaced = (place: string, field: string, holder: string) =>
  `${place} unknown field \`${field}\` (\`${holder}\` has a field of that name: mind the indentation)`;

const HEAD = 'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\n';

describe('what is laid out wrongly says how to write it:', () => {
  it('a document that lost its indentation', () => {
    const flat = `${HEAD}metadata:\nname: p\nspec:\nrules:\nlevel: restricted\n`;
    expect(told(flat).slice(0, 3)).toEqual([
      misplaced('4:1', 'name', 'metadata'),
      misplaced('6:1', 'rules', 'spec'),
      misplaced('7:1', 'level', 'spec.rules[].validate.podSecurity'),
    ]);
  });

  it('fields that are indented too much', () => {
    const rule = '{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {background: true, mutate: {}}}';
    expect(told(`${HEAD}metadata: {name: p}\nspec:\n  rules:\n  - ${rule}\n`).slice(0, 2)).toEqual([
      misplaced('6:71', 'background', 'spec'),
      misplaced('6:89', 'mutate', 'spec.rules[0]'),
    ]);
  });

  it.each([
    ['key: {{ request.operation }}', 'begins with `{{` needs quotes'],
    ["key: {{ element || '' }}", 'begins with `{{` needs quotes'],
    ['value: *', 'begins with `*` needs quotes'],
    ['value: *.io', 'begins with `*` needs quotes'],
    ['message: one: two', '`: ` in it needs quotes'],
    ['any:\n- key: a\nvalue: b\n- key: c', 'two columns after its `-`'],
    ['any:\n\t- key: a', 'indent with spaces'],
  ])('%j, which is no YAML', (text, hint) => {
    expect(told(text)[0]).toContain(hint);
  });
});
