import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

describe('canonicalJson', () => {
  it.each<[unknown, string]>([
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [{ é: 1, z: 2, A: 3, '\u20ac': 4 }, '{"A":3,"z":2,"é":1,"€":4}'],
    [{ gone: undefined, kept: 'a"\\\n' }, '{"kept":"a\\"\\\\\\n"}'],
    [[], '[]'],
  ])('%j', (value, expected) => {
    expect(canonicalJson(value)).toBe(expected);
  });
});
