import { describe, expect, it } from 'vitest';
import type { Json } from '../../kernel/json.ts';
import { compileScalar } from './scalar-pattern.ts';

const matches = (value: Json, pattern: Json): boolean => compileScalar(pattern)(value);

describe('a value that matches', () => {
  it.each<[Json, Json]>([
    [4, '>= 3'],
    [0, '0-2'],
    [25, '10!-20'],
    [2, '2-2'],
    [-9, '-10-8'],
    [0, '-10-+8'],
    [9, '-10!--8'],
    ['256Mi', '128Mi-512Mi'],
    ['9Mi', '-10Mi!--8Mi'],
    ['', null],
    [0, null],
    [false, null],
    [null, null],
    ['10.100.11.54', '192.168.88.1 | 10.100.11.*'],
    ['32', '>1 & <20 | >31 & <33'],
    [8.0, 8],
    ['8', 8],
    [8.1, 8.1],
    ['8.1', 8.1],
    ['1024Mi', '1Gi'],
    ['0.2', '200m'],
    [1024, '1024'],
    ['12s', '<15s'],
    ['1G', '<1Gi'],
    ['500m', '>=0.5'],
    ['!', '!'],
    ['a|b', 'a|b'],
    [0.5, '5E?01'],
    [true, 'true'],
    [80, '8?'],
    [{}, {}],
    [null, '<1'],
  ])('%j ~ %j', (value, pattern) => {
    expect(matches(value, pattern)).toBe(true);
  });
});

describe('a value that does not', () => {
  it.each<[Json, Json]>([
    [3, '0-2'],
    [15, '10!-20'],
    [2, '2!-2'],
    ['1024Mi', '128Mi-512Mi'],
    [9, '-10--8'],
    ['value', null],
    [{}, null],
    ['21', '>1 & <20 | >31 & <33'],
    [8.1, 8],
    ['8.1', 8],
    [8, 8.1],
    ['abc', 8.1],
    [false, 8],
    [null, false],
    [null, []],
    ['1024Gi', ''],
    ['gii', '1024Gi'],
    [null, '!x'],
    [null, '?*'],
    ['', '?*'],
    ['true', true],
    ['b', '>a'],
    [0.5, '5E-01'],
    [[], {}],
  ])('%j !~ %j', (value, pattern) => {
    expect(matches(value, pattern)).toBe(false);
  });
});

describe('hostile texts', () => {
  it('stay fast', () => {
    const text = 'a'.repeat(200_000);
    const started = performance.now();
    expect(matches(text, `*${'a*'.repeat(500)}b`)).toBe(false);
    expect(matches(text, `*${'a'.repeat(50_000)}b*`)).toBe(false);
    expect(matches(`${'9'.repeat(100_000)}Mi`, '>1Mi')).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
