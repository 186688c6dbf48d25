import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvaluationError } from './evaluation-error.ts';
import type { Json } from './json.ts';
import { applyJsonPatch, diffJson, type PatchOperation, parseJsonPatch } from './json-patch.ts';

function lenient(document: Json, ...operations: readonly PatchOperation[]): Json | string {
  const result = applyJsonPatch(document, operations, { lenient: true });
  return result instanceof EvaluationError ? result.message : result;
}

describe('applyJsonPatch, lenient as Kyverno', () => {
  it.each<[string, Json, PatchOperation, Json]>([
    ['creates parents', {}, { op: 'add', path: '/a/b/c', value: 1 }, { a: { b: { c: 1 } } }],
    ['creates a list for an index', {}, { op: 'add', path: '/a/0/c', value: 1 }, { a: [{ c: 1 }] }],
    ['creates a list for a dash', {}, { op: 'add', path: '/a/-', value: 1 }, { a: [1] }],
    ['pads a new list', {}, { op: 'add', path: '/a/2', value: 1 }, { a: [null, null, 1] }],
    ['creates through null', { a: null }, { op: 'add', path: '/a/b', value: 1 }, { a: { b: 1 } }],
    ['unescapes', {}, { op: 'add', path: '/a~1b/c~0d', value: 1 }, { 'a/b': { 'c~d': 1 } }],
    ['adds at the end by -1', { a: [1, 2] }, { op: 'add', path: '/a/-1', value: 3 }, { a: [1, 2, 3] }],
    ['adds before the last by -2', { a: [1, 2] }, { op: 'add', path: '/a/-2', value: 3 }, { a: [1, 3, 2] }],
    ['removes the last by -1', { a: [1, 2] }, { op: 'remove', path: '/a/-1' }, { a: [1] }],
    ['replaces by -1', { a: [1, 2] }, { op: 'replace', path: '/a/-1', value: 9 }, { a: [1, 9] }],
    ['ignores a missing remove', { a: 1 }, { op: 'remove', path: '/b/c' }, { a: 1 }],
    ['ignores a remove past the end', { a: [] }, { op: 'remove', path: '/a/3' }, { a: [] }],
    ['holds that missing is null', {}, { op: 'test', path: '/a', value: null }, {}],
    ['moves', { a: 1 }, { op: 'move', from: '/a', path: '/b' }, { b: 1 }],
    ['copies', { a: [1] }, { op: 'copy', from: '/a', path: '/b' }, { a: [1], b: [1] }],
  ])('%s', (_, document, operation, expected) => {
    expect(lenient(document, operation)).toEqual(expected);
  });

  it.each<[Json, PatchOperation, string]>([
    [{ a: [1] }, { op: 'add', path: '/a/5', value: 1 }, 'invalid index'],
    [{}, { op: 'add', path: '/a/99999', value: 1 }, 'invalid index'],
    [{ a: [1] }, { op: 'add', path: '/a/x', value: 1 }, "value was not a proper array index: 'x'"],
    [{ a: 1 }, { op: 'replace', path: '/b', value: 1 }, 'replace operation does not apply: doc is missing key: /b'],
    [{ a: 1 }, { op: 'replace', path: '/b/c', value: 1 }, 'doc is missing path: /b/c'],
    [{ a: 1 }, { op: 'test', path: '/a', value: 2 }, 'testing value /a failed'],
    [{ a: 1 }, { op: 'copy', from: '/x', path: '/b' }, 'doc is missing from path'],
    [{ a: 1 }, { op: 'copy', from: '/a', path: '/b/c' }, 'doc is missing destination path'],
    [{ a: {} }, { op: 'move', from: '/a', path: '/a/b' }, 'into itself'],
  ])('%j with %j fails', (document, operation, message) => {
    expect(lenient(document, operation)).toContain(message);
  });

  it('keeps what it was given, and shares what it does not change', () => {
    const document = Object.freeze({ a: Object.freeze({ b: 1 }), c: Object.freeze([Object.freeze({ d: 1 })]) });
    const result = applyJsonPatch(document, [{ op: 'replace', path: '/a/b', value: 2 }]) as typeof document;
    expect(document).toEqual({ a: { b: 1 }, c: [{ d: 1 }] });
    expect(result.c).toBe(document.c);
  });

  it('writes and reads `__proto__` as a member like any other', () => {
    const result = lenient({}, { op: 'add', path: '/__proto__/x', value: 1 });
    expect(Object.keys(result as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(lenient({}, { op: 'test', path: '/constructor', value: null })).toEqual({});
  });
});

describe('parseJsonPatch', () => {
  it.each<[Json, string]>([
    [{}, 'a list of operations'],
    [['x'], 'not an object'],
    [[{ op: 'add', path: '/a' }], "failed to decode 'value'"],
    [[{ op: 'move', path: '/a' }], "failed to decode 'from'"],
    [[{ op: 'remove' }], "failed to decode 'path'"],
    [[{ op: 'merge', path: '/a' }], 'unsupported operation'],
  ])('refuses %j', (document, message) => {
    expect(parseJsonPatch(document)).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe('diffJson', () => {
  it.each<[Json, Json, readonly PatchOperation[]]>([
    [{ a: 1 }, { a: 1 }, []],
    [
      { a: 1, b: 2 },
      { a: 2, c: 3 },
      [
        { op: 'replace', path: '/a', value: 2 },
        { op: 'remove', path: '/b' },
        { op: 'add', path: '/c', value: 3 },
      ],
    ],
    [['a', 'b', 'c'], ['x', 'a', 'b', 'c'], [{ op: 'add', path: '/0', value: 'x' }]],
    [['a', 'b', 'c'], ['a', 'c'], [{ op: 'remove', path: '/1' }]],
    [[{ n: 1, v: 1 }, { n: 2 }], [{ n: 1, v: 2 }, { n: 2 }], [{ op: 'replace', path: '/0/v', value: 2 }]],
    [{ 'a/b': { '~': 1 } }, { 'a/b': { '~': 2 } }, [{ op: 'replace', path: '/a~1b/~0', value: 2 }]],
    [{ a: [1] }, { a: { b: 1 } }, [{ op: 'replace', path: '/a', value: { b: 1 } }]],
  ])('%j to %j', (before, after, operations) => {
    expect(diffJson(before, after)).toEqual(operations);
  });

  it('applied to the one gives the other', () => {
    // Through text, which has no negative zero.
    const json = fc.json({ maxDepth: 4 }).map((text) => JSON.parse(JSON.stringify(JSON.parse(text))) as Json);
    fc.assert(
      fc.property(json, json, (before, after) => {
        expect(applyJsonPatch(before, diffJson(before, after))).toEqual(after);
      }),
      { numRuns: 300 },
    );
  });
});
