import { describe, expect, it } from 'vitest';
import { isSparseJson } from './sparse-json.ts';

const MIB = 1024 * 1024;
const inBothForms = (json: string) => [isSparseJson(json), isSparseJson(new TextEncoder().encode(json))];

describe('the objects and lists of JSON', () => {
  it.each([
    ['few, whatever they are', '['.repeat(1000)],
    ['as many as documents have', JSON.stringify(Array.from({ length: 20_000 }, (_, id) => ({ id, of: ['a'] })))],
    ['one long text', JSON.stringify('x'.repeat(MIB))],
    ['nothing', ''],
  ])('%s', (_name, json) => {
    expect(inBothForms(json)).toEqual([true, true]);
  });

  it.each([
    ['empty objects', `[${'{},'.repeat(MIB)}{}]`],
    ['empty lists', `[${'[],'.repeat(MIB)}[]]`],
    ['nested lists', '['.repeat(MIB)],
  ])('too many: %s', (_name, json) => {
    expect(inBothForms(json)).toEqual([false, false]);
  });
});
