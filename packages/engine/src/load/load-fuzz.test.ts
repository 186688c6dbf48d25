import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../kernel/json.ts';
import { loadPolicies, loadPolicy } from './load-policies.ts';

const POLICY: JsonObject = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'p', annotations: { 'pod-policies.kyverno.io/autogen-controllers': 'Deployment' } },
  spec: {
    validationFailureAction: 'Audit',
    validationFailureActionOverrides: [{ action: 'Enforce', namespaces: ['a*'] }],
    webhookConfiguration: { timeoutSeconds: 10 },
    rules: [
      {
        name: 'v',
        match: {
          any: [
            {
              resources: { kinds: ['Pod'], selector: { matchLabels: { a: 'b' } } },
              subjects: [{ kind: 'User', name: 'x' }],
            },
          ],
        },
        exclude: { all: [{ resources: { namespaces: ['x'] } }] },
        context: [{ name: 'c', configMap: { name: 'n', namespace: 'm' } }],
        preconditions: { all: [{ key: '{{ c.data.x }}', operator: 'Equals', value: 1 }] },
        validate: { message: 'm', foreach: [{ list: 'l', deny: { conditions: [] } }] },
      },
      {
        name: 'i',
        match: { resources: { kinds: ['Pod'] } },
        verifyImages: [
          {
            imageReferences: ['*'],
            attestors: [{ count: 1, entries: [{ keys: { publicKeys: 'k' } }] }],
            attestations: [{ type: 't' }],
          },
        ],
      },
    ],
  },
};

/** All places of a document. */
function places(value: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => places(item as Json, [...path, key]))];
}

function replaceAt(value: Json, [key, ...rest]: readonly string[], replacement: Json): Json {
  if (key === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((item: Json, at) => (String(at) === key ? replaceAt(item, rest, replacement) : item));
  if (typeof value !== 'object' || value === null) return value;
  const holder = value as JsonObject;
  return { ...holder, [key]: replaceAt(holder[key] ?? null, rest, replacement) };
}

const mutated = fc
  .array(fc.tuple(fc.constantFrom(...places(POLICY)), fc.jsonValue({ maxDepth: 3 })), { minLength: 1, maxLength: 4 })
  .map((changes) =>
    changes.reduce<Json>((document, [path, value]) => replaceAt(document, path, value as Json), POLICY),
  );

describe('loading never throws', () => {
  it('whatever a policy holds in whatever place', () => {
    let accepted = 0;
    fc.assert(
      fc.property(mutated, (document) => {
        if (typeof document !== 'object' || document === null || Array.isArray(document)) return;
        const loaded = loadPolicy(document as JsonObject);
        if (loaded.policy) accepted += 1;
        for (const { message } of loaded.diagnostics) expect(message).not.toBe('');
        expect(loaded.policy !== undefined || loaded.other !== undefined || loaded.exception !== undefined).toBe(
          !loaded.diagnostics.some(({ severity }) => severity === 'error'),
        );
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it('whatever is done to its text', () => {
    const text = JSON.stringify(POLICY, null, 1);
    const edit = fc.tuple(
      fc.nat(text.length),
      fc.nat(8),
      fc.string({ unit: fc.constantFrom(...'{}[]:,-?&*!|>\'"%@`#~ \n\ta0<') }),
    );
    fc.assert(
      fc.property(edit, ([at, length, inserted]) => {
        loadPolicies(text.slice(0, at) + inserted + text.slice(at + length), 'fuzz');
      }),
      { numRuns: 500 },
    );
  });

  it('an object of the API nested without end', () => {
    let deep: Json = 1;
    for (let level = 0; level < 50_000; level += 1) deep = { a: deep };
    const loaded = loadPolicy({ ...POLICY, spec: { rules: [{ name: 'r', match: {}, validate: { pattern: deep } }] } });
    expect(loaded.diagnostics.map(({ code }) => code)).toEqual(['document-too-deep']);
  });
});
