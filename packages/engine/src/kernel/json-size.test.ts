import { describe, expect, it } from 'vitest';
import type { Json } from './json.ts';
import { jsonSize } from './json-size.ts';

describe('jsonSize', () => {
  it.each([
    [null, 1],
    [12345, 1],
    ['abc', 4],
    [['abc', 1], 6],
    [{ ab: [true] }, 5],
  ] satisfies [Json, number][])('%j is %d', (value, size) => {
    expect(jsonSize(value, 100)).toBe(size);
  });

  it('stops at what shares its parts without end', () => {
    let value: Json = 'x';
    for (let level = 0; level < 60; level += 1) value = [value, value];
    expect(jsonSize(value, 1000)).toBeGreaterThan(1000);
  });
});
