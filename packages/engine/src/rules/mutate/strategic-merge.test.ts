import { describe, expect, it } from 'vitest';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import vectors from './data/strategic-merge-vectors.json' with { type: 'json' };
import { createPatternMatcher } from './pattern-matcher.ts';
import { preparePatch } from './prepare-patch.ts';
import { strategicMerge } from './strategic-merge.ts';

function apply(patch: Json, resource: JsonObject): Json | string {
  const prepared = preparePatch(patch, resource, createPatternMatcher());
  if (prepared instanceof EvaluationError) return prepared.message;
  const merged = strategicMerge(resource, prepared as JsonObject);
  return merged instanceof EvaluationError ? merged.message : merged;
}

function pod(spec: JsonObject, metadata: JsonObject = { name: 'n' }): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec };
}

describe('patchStrategicMerge', () => {
  // Recorded from Kyverno's Go implementation with kyaml 0.21.
  it.each((vectors as unknown as readonly { patch: Json; resource: JsonObject; result: Json }[]).map((row) => [row]))(
    'agrees with the recorded result of %j',
    ({ patch, resource, result }) => {
      expect(apply(patch, resource)).toEqual(result);
    },
  );

  it.each<[string, Json, JsonObject, Json]>([
    [
      'prepends new list items and merges those with the same name',
      {
        spec: {
          containers: [
            { name: 'new', image: 'x' },
            { name: 'a', tty: true },
          ],
        },
      },
      { containers: [{ name: 'a', image: 'y' }] },
      {
        containers: [
          { name: 'new', image: 'x' },
          { name: 'a', image: 'y', tty: true },
        ],
      },
    ],
    [
      'replaces lists without merge keys',
      { spec: { tolerations: [{ key: 'x' }] } },
      { tolerations: [{ key: 'y' }, { key: 'z' }] },
      { tolerations: [{ key: 'x' }] },
    ],
    [
      'removes a field by null',
      { spec: { hostNetwork: null } },
      { hostNetwork: true, hostPID: true },
      { hostPID: true },
    ],
    [
      'deletes an element by directive',
      { spec: { volumes: [{ name: 'v', $patch: 'delete' }] } },
      { volumes: [{ name: 'v' }, { name: 'w' }] },
      { volumes: [{ name: 'w' }] },
    ],
    [
      'replaces a list by directive',
      { spec: { volumes: [{ $patch: 'replace' }, { name: 'x' }] } },
      { volumes: [{ name: 'v' }] },
      { volumes: [{ name: 'x' }] },
    ],
    [
      'replaces a map by directive',
      { spec: { securityContext: { $patch: 'replace', runAsUser: 1 } } },
      { securityContext: { runAsGroup: 2 } },
      { securityContext: { runAsUser: 1 } },
    ],
    [
      'adds what is absent only',
      { spec: { '+(hostNetwork)': false, '+(dnsPolicy)': 'Default' } },
      { hostNetwork: true },
      { hostNetwork: true, dnsPolicy: 'Default' },
    ],
    [
      'changes the elements that satisfy a condition',
      { spec: { containers: [{ '(image)': '*:latest', imagePullPolicy: 'Always' }] } },
      {
        containers: [
          { name: 'a', image: 'x:latest' },
          { name: 'b', image: 'y:1' },
        ],
      },
      {
        containers: [
          { name: 'a', image: 'x:latest', imagePullPolicy: 'Always' },
          { name: 'b', image: 'y:1' },
        ],
      },
    ],
    [
      'keeps two lists of conditions apart',
      {
        spec: {
          containers: [
            { '(name)': 'a*', tty: true },
            { '(name)': 'b*', stdin: true },
          ],
        },
      },
      { containers: [{ name: 'a1' }, { name: 'b1' }] },
      {
        containers: [
          { name: 'a1', tty: true },
          { name: 'b1', stdin: true },
        ],
      },
    ],
    [
      'does nothing when a condition on a map fails',
      { spec: { '(hostNetwork)': true, dnsPolicy: 'Default' } },
      { hostNetwork: false },
      { hostNetwork: false },
    ],
    [
      'does nothing when a global condition fails for every element',
      { spec: { containers: [{ '<(image)': 'x*' }], dnsPolicy: 'Default' } },
      { containers: [{ name: 'a', image: 'y' }] },
      { containers: [{ name: 'a', image: 'y' }] },
    ],
    [
      'acts when a global condition holds for one element',
      { spec: { containers: [{ '<(image)': 'x*' }], dnsPolicy: 'Default' } },
      {
        containers: [
          { name: 'a', image: 'y' },
          { name: 'b', image: 'x1' },
        ],
      },
      {
        containers: [
          { name: 'a', image: 'y' },
          { name: 'b', image: 'x1' },
        ],
        dnsPolicy: 'Default',
      },
    ],
    ['keeps a string a string', { spec: { nodeName: 5 } }, { nodeName: 'x' }, { nodeName: '5' }],
    [
      'merges ports that agree in number and protocol',
      { spec: { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP', name: 'web' }] }] } },
      {
        containers: [
          {
            name: 'a',
            ports: [
              { containerPort: 80, protocol: 'TCP' },
              { containerPort: 53, protocol: 'UDP' },
            ],
          },
        ],
      },
      {
        containers: [
          {
            name: 'a',
            ports: [
              { containerPort: 80, protocol: 'TCP', name: 'web' },
              { containerPort: 53, protocol: 'UDP' },
            ],
          },
        ],
      },
    ],
    [
      'leaves a port alone when only one side has a protocol',
      { spec: { containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'web' }] }] } },
      { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
      { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
    ],
  ])('%s', (_, patch, spec, expected) => {
    const result = apply(patch, pod(spec));
    expect((result as JsonObject)['spec']).toEqual(expected);
  });

  it('knows no keys of custom kinds', () => {
    const resource = { apiVersion: 'example.org/v1', kind: 'Thing', spec: { containers: [{ name: 'a', x: 1 }] } };
    expect(apply({ spec: { containers: [{ name: 'a', y: 2 }] } }, resource)).toEqual({
      ...resource,
      spec: { containers: [{ name: 'a', y: 2 }] },
    });
  });

  it.each<[string, Json, string]>([
    [
      'another kind of node',
      { spec: { containers: { name: 'a' } } },
      'wrong node kind: expected SequenceNode but got MappingNode',
    ],
    ['an unknown directive', { spec: { $patch: 'explode' } }, "unknown patch strategy 'explode'"],
    ['a patch that deletes the resource', { $patch: 'delete' }, 'filter cannot create or delete objects'],
  ])('fails for %s', (_, patch, message) => {
    expect(apply(patch, pod({ containers: [{ name: 'a' }] }))).toContain(message);
  });

  it('shares what it does not change and changes nothing it was given', () => {
    const resource = deepFreeze(pod({ containers: [{ name: 'a', env: [{ name: 'x' }] }], volumes: [{ name: 'v' }] }));
    const changed = apply({ metadata: { labels: { a: 'b' } } }, resource) as JsonObject;
    expect(changed['spec']).toBe(resource['spec']);
    expect(apply({ spec: {} }, resource)).toBe(resource);
    expect(apply({ spec: { volumes: [{ name: 'v' }] } }, resource)).toEqual(resource);
  });

  it('treats `__proto__` as a field like any other', () => {
    const patch = JSON.parse('{"metadata": {"__proto__": {"polluted": true}, "labels": {"__proto__": "x"}}}') as Json;
    const result = apply(patch, pod({}));
    expect(JSON.stringify(result)).toContain('"__proto__":{"polluted":true}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}
