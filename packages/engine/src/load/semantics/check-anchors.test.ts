import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { loadPolicy } from '../load-policies.ts';

function problemsOf(body: JsonObject): readonly string[] {
  const rule = { name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, ...body };
  const policy = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [rule] },
  };
  return loadPolicy(policy).diagnostics.map(({ code, path, message }) => `${code} ${path}: ${message}`);
}

describe('anchors of a validate pattern', () => {
  const at = 'pattern-syntax spec.rules[0].validate.pattern.spec';
  it.each<[string, JsonObject, string[]]>([
    ['a condition', { '(hostNetwork)': true }, []],
    ['a global one', { '<(image)': '*' }, []],
    ['a negation', { 'X(hostPath)': 'null' }, []],
    ['an equality', { '=(securityContext)': { '=(privileged)': false } }, []],
    ['existence', { '^(containers)': [{ name: 'a' }] }, []],
    [
      'existence of no list',
      { '^(containers)': { name: 'a' } },
      [`${at}.^(containers): existence anchor should have value of type list`],
    ],
    [
      'existence of nothing',
      { '^(containers)': [] },
      [`${at}.^(containers): existence anchor: should have at least one value`],
    ],
    [
      'one that adds',
      { containers: [{ '+(image)': 'a' }] },
      [`${at}.containers[0].+(image): unsupported anchor +(image)`],
    ],
    ['parentheses that are none', { 'f(x)': 1, '()': 1, 'a(': 1 }, []],
  ])('%s', (_name, spec, problems) => {
    expect(problemsOf({ validate: { pattern: { spec } } })).toEqual(problems);
  });

  it('are looked at in each of anyPattern', () => {
    expect(problemsOf({ validate: { anyPattern: [{ a: 1 }, { '+(b)': 1 }] } })).toEqual([
      'pattern-syntax spec.rules[0].validate.anyPattern[1].+(b): unsupported anchor +(b)',
    ]);
  });
});

it('what is generated has no anchors', () => {
  const target = { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', namespace: 'n' };
  const data = { metadata: { labels: { '+(a)': 'b', '(c)': 'd' } } };
  const problem = (key: string) =>
    `pattern-syntax spec.rules[0].generate.data.metadata.labels.${key}: anchors not supported on generate resources: unsupported anchor ${key}`;
  expect(problemsOf({ generate: { ...target, data } })).toEqual([problem('+(a)'), problem('(c)')]);
});
