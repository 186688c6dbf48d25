import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalJson, isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts';
import { SchemaError } from '../model/schema-error.ts';
import { applyJsonPatch, JsonPatchError, runJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

const POD = { group: '', version: 'v1', kind: 'Pod' };

function patchProblem(document: JsonObject, operation: JsonObject): string {
  try {
    runJsonPatch(document, [operation]);
  } catch (error) {
    if (error instanceof JsonPatchError) return error.message;
    throw error;
  }
  return 'none';
}

describe('JSON patch', () => {
  const document = { spec: { list: [1, 2, 3], 'a/b': { '~': 1 } } };

  it.each<[JsonObject[], JsonObject]>([
    [[{ op: 'add', path: '/spec/list/-', value: 4 }], { spec: { list: [1, 2, 3, 4], 'a/b': { '~': 1 } } }],
    [[{ op: 'add', path: '/spec/list/0', value: 0 }], { spec: { list: [0, 1, 2, 3], 'a/b': { '~': 1 } } }],
    [[{ op: 'remove', path: '/spec/list/-1' }], { spec: { list: [1, 2], 'a/b': { '~': 1 } } }],
    [[{ op: 'replace', path: '/spec/a~1b/~0', value: 2 }], { spec: { list: [1, 2, 3], 'a/b': { '~': 2 } } }],
    [[{ op: 'move', from: '/spec/list', path: '/top' }], { spec: { 'a/b': { '~': 1 } }, top: [1, 2, 3] }],
    [[{ op: 'copy', from: '/spec/list/0', path: '/first' }], { spec: document.spec, first: 1 }],
    [[{ op: 'test', path: '/spec/list', value: [1, 2, 3] }], document],
    [[{ op: 'test', path: '/none', value: null }], document],
  ])('%j', (patch, expected) => {
    expect(applyJsonPatch(document, patch)).toEqual(expected);
    expect(document).toEqual({ spec: { list: [1, 2, 3], 'a/b': { '~': 1 } } });
  });

  it.each<[JsonObject, string]>([
    [
      { op: 'remove', path: '/spec/nope' },
      "error in remove for path: '/spec/nope': unable to remove nonexistent key: nope: missing value",
    ],
    [
      { op: 'add', path: '/no/way', value: 1 },
      'add operation does not apply: doc is missing path: "/no/way": missing value',
    ],
    [
      { op: 'replace', path: '/spec/x', value: 1 },
      'replace operation does not apply: doc is missing key: /spec/x: missing value',
    ],
    [{ op: 'test', path: '/spec/list/0', value: 7 }, 'testing value /spec/list/0 failed: test failed'],
    [
      { op: 'add', path: '/spec/list/9', value: 1 },
      "error in add for path: '/spec/list/9': unable to access invalid index: 9: invalid index referenced",
    ],
    [{ op: 'jump', path: '/spec' }, 'Unexpected kind: jump'],
  ])('says why %j does not apply', (operation, problem) => {
    expect(patchProblem(document, operation)).toBe(problem);
  });

  it('hides the reason from the sender of a request, as the server does', () => {
    expect(() => applyJsonPatch(document, [{ op: 'remove', path: '/x' }])).toThrow(
      'the server rejected our request due to an error in our request',
    );
    expect(() => applyJsonPatch(document, { a: 1 })).toThrow(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  });

  it('bounds operations and what copies add', () => {
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: null }));
    expect(() => applyJsonPatch({}, many)).toThrow(
      'The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
    const doubling = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a/${index}` }));
    expect(patchProblem({ a: {} }, { op: 'copy', from: '/a', path: '/a/x' })).toBe('none');
    expect(() => runJsonPatch({ a: {} }, doubling)).toThrow('exceeding the limit');
  });

  it('does not reach the prototype', () => {
    applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    expect(patchProblem({}, { op: 'add', path: '/__proto__/polluted', value: true })).toContain('missing path');
    expect(patchProblem({}, { op: 'add', path: '/constructor/polluted', value: true })).toContain('missing path');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

/** The merge patch that leads from one object to another; objects in it hold no nulls. */
function diff(from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of Object.keys(from)) if (!Object.hasOwn(to, key)) patch[key] = null;
  for (const key of Object.keys(to)) {
    const before = from[key];
    const after = to[key] ?? null;
    if (isJsonObject(before) && isJsonObject(after)) patch[key] = diff(before, after);
    else if (!equalJson(before, after)) patch[key] = after;
  }
  return patch;
}

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean());
const value: fc.Arbitrary<JsonValue> = fc.letrec<{ node: JsonValue }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(scalar, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('node'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).node;
const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, { noNullPrototype: true });

describe('merge patch', () => {
  it.each<[JsonObject, JsonObject, JsonObject]>([
    [
      { a: 1, b: 2 },
      { a: null, c: 3 },
      { b: 2, c: 3 },
    ],
    [{ a: { b: 1 } }, { a: { c: null, d: { e: null, f: 1 } } }, { a: { b: 1, d: { f: 1 } } }],
    [{ a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: { b: 1 } }, { a: [1, null] }, { a: [1, null] }],
  ])('%j with %j', (document, patch, expected) => {
    expect(applyMergePatch(document, patch)).toEqual(expected);
  });

  it('leads from any object to any other by their difference', () => {
    fc.assert(
      fc.property(object, object, (from, to) => {
        expect(applyMergePatch(from, diff(from, to))).toEqual(to);
      }),
    );
  });

  it('refuses what is no object, and what is too deep', () => {
    expect(() => applyMergePatch({}, [])).toThrow(
      'cannot unmarshal array into Go value of type map[string]interface {}',
    );
    let deep: JsonValue = 1;
    for (let level = 0; level < 10_000; level++) deep = { a: deep };
    expect(() => applyMergePatch({}, deep)).toThrow(SchemaError);
  });
});

describe('strategic merge patch', () => {
  const pod = {
    spec: {
      containers: [
        { name: 'a', image: '1', env: [{ name: 'x', value: '1' }] },
        { name: 'b', image: '2' },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
      tolerations: [{ key: 'old' }],
    },
    metadata: { finalizers: ['one', 'two'], labels: { a: '1' } },
  };
  const patched = (patch: JsonObject) => applyStrategicMergePatch(POD, pod, patch);

  it.each<[string, JsonObject, JsonObject]>([
    [
      'merges lists by key, new elements first',
      { spec: { containers: [{ name: 'a', env: [{ name: 'y', value: '2' }] }] } },
      {
        spec: {
          containers: [
            {
              name: 'a',
              image: '1',
              env: [
                { name: 'y', value: '2' },
                { name: 'x', value: '1' },
              ],
            },
            { name: 'b', image: '2' },
          ],
        },
      },
    ],
    [
      'deletes an element by its key',
      { spec: { containers: [{ name: 'a', $patch: 'delete' }] } },
      { spec: { containers: [{ name: 'b', image: '2' }] } },
    ],
    [
      'replaces a list',
      { spec: { containers: [{ $patch: 'replace' }, { name: 'c', image: '3' }] } },
      { spec: { containers: [{ name: 'c', image: '3' }] } },
    ],
    [
      'replaces a list without a key',
      { spec: { tolerations: [{ key: 'new' }] } },
      { spec: { tolerations: [{ key: 'new' }] } },
    ],
    [
      'keeps only the named members',
      { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'm' } }] } },
      { spec: { volumes: [{ name: 'v', configMap: { name: 'm' } }] } },
    ],
    [
      'orders elements as told',
      {
        spec: {
          '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
          containers: [{ name: 'a', image: '3' }],
        },
      },
      {
        spec: {
          containers: [
            { name: 'b', image: '2' },
            { name: 'a', image: '3', env: [{ name: 'x', value: '1' }] },
          ],
        },
      },
    ],
    [
      'deletes from a list of strings',
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['one'] } },
      { metadata: { finalizers: ['two'] } },
    ],
    [
      'merges a list of strings',
      { metadata: { finalizers: ['three'] } },
      { metadata: { finalizers: ['three', 'one', 'two'] } },
    ],
    ['empties an object', { metadata: { labels: { $patch: 'delete' } } }, { metadata: { labels: {} } }],
  ])('%s', (_what, patch, expected) => {
    const before = structuredClone(pod);
    const result = patched(patch) as { spec?: JsonObject; metadata?: JsonObject };
    for (const part of ['spec', 'metadata'] as const) {
      for (const [key, wanted] of Object.entries(expected[part] ?? {})) {
        const actual = result[part]?.[key];
        if (key === 'finalizers' && Array.isArray(actual) && Array.isArray(wanted))
          expect(new Set(actual)).toEqual(new Set(wanted));
        else expect(actual).toEqual(wanted);
      }
    }
    expect(pod).toEqual(before);
  });

  it.each<[JsonObject, string]>([
    [{ spec: { containers: [{ image: '1' }] } }, 'map: map[image:1] does not contain declared merge key: name'],
    [
      { spec: { containers: [{ name: 'a', $patch: 'explode' }] } },
      'unknown patch type: explode in map: map[$patch:explode name:a]',
    ],
    [{ spec: { $retainKeys: 'x' } }, 'invalid patch format of retainKeys'],
    [{ spec: { $setElementOrder: [] } }, 'invalid patch format of setElementOrder list'],
  ])('refuses %j', (patch, problem) => {
    expect(() => patched(patch)).toThrow(problem);
  });

  it('copes with long lists', () => {
    const list = (image: string) => Array.from({ length: 20_000 }, (_, index) => ({ name: `c${index}`, image }));
    const result = applyStrategicMergePatch(
      POD,
      { spec: { containers: list('1') } },
      { spec: { containers: list('2') } },
    );
    expect(result).toEqual({ spec: { containers: list('2') } });
  });
});
