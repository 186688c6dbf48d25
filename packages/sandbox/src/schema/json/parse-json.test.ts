import { describe, expect, it } from 'vitest';
import { SchemaError } from '../model/schema-error.ts';
import { canonicalJson, cloneJson, equalJson, isWithinDepth, type JsonValue, member } from './json-value.ts';
import { parseJson } from './parse-json.ts';

function problemOf(text: string): string {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof SchemaError) return error.message;
    throw error;
  }
  return 'none';
}

describe('parseJson', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{bad}', "invalid character 'b' looking for beginning of object key string"],
    ['{x', "invalid character 'x' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['nul', 'unexpected end of JSON input'],
    ['nulx', "invalid character 'x' in literal null (expecting 'l')"],
    ['-a', "invalid character 'a' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['{} {}', "invalid character '{' after top-level value"],
    ['"\\q"', "invalid character 'q' in string escape code"],
  ])('refuses %j as Go does', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it('reads what the built-in parser reads', () => {
    const text = '{"a":[1,-2.5e3,true,null,"\\u00e9\\n"],"b":{"c":{}},"d":""}';
    expect(parseJson(text).value).toEqual(JSON.parse(text));
  });

  it('names members given twice by their path; the last value counts', () => {
    const parsed = parseJson('{"spec":{"items":[{"x":1,"x":2}],"y":1,"y":1,"y":3}}');
    expect(parsed.duplicateFields).toEqual(['spec.items[0].x', 'spec.y']);
    expect(parsed.value).toEqual({ spec: { items: [{ x: 2 }], y: 3 } });
  });

  it('keeps a member named like the prototype as a plain member', () => {
    const { value } = parseJson('{"__proto__":{"polluted":true},"constructor":1}');
    expect(Object.hasOwn(value as object, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(canonicalJson(cloneJson(value))).toBe('{"__proto__":{"polluted":true},"constructor":1}');
    expect(member({}, 'constructor')).toBeUndefined();
  });

  it('refuses documents that are nested too deep', () => {
    expect(problemOf('['.repeat(10_000) + ']'.repeat(10_000))).toBe('exceeded max depth');
    expect(problemOf(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)).toBe('exceeded max depth');
  });
});

describe('isWithinDepth', () => {
  it('judges any nesting without recursion', () => {
    let deep: JsonValue = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(isWithinDepth(deep)).toBe(false);
    expect(isWithinDepth({ a: [{ b: 1 }] })).toBe(true);
  });
});

describe('equalJson', () => {
  it.each([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: undefined }, {}, false],
    [[1, 2], [2, 1], false],
    [null, undefined, false],
    [{ a: [] }, { a: {} }, false],
  ])('%j and %j: %s', (left, right, expected) => {
    expect(equalJson(left as JsonValue, right as JsonValue)).toBe(expected);
  });
});
