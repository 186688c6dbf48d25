import { describe, expect, it } from 'vitest';
import { isModestJson } from './modest-json.ts';

const MIB = 1024 * 1024;
const inBothForms = (json: string) => [isModestJson(json), isModestJson(new TextEncoder().encode(json))];

describe('the objects and lists of JSON', () => {
  it.each([
    ['nested as deep as anything is', '['.repeat(500) + ']'.repeat(500)],
    ['as many as documents have', JSON.stringify(Array.from({ length: 20_000 }, (_, id) => ({ id, of: ['a'] })))],
    ['a matrix of numbers', JSON.stringify(Array.from({ length: 20_000 }, (_, at) => [at, 12.5]))],
    ['one long text', JSON.stringify('x'.repeat(MIB))],
    ['brackets in texts', JSON.stringify({ a: '["\\'.repeat(MIB), '{"': '[\\' })],
    ['nothing', ''],
  ])('modest: %s', (_name, json) => {
    expect(inBothForms(json)).toEqual([true, true]);
  });

  it.each([
    ['empty objects', `[${'{},'.repeat(MIB)}{}]`],
    ['empty lists', `[${'[],'.repeat(MIB)}[]]`],
    ['nested lists', '['.repeat(501) + ']'.repeat(501)],
    ['nested objects after a long text', `["${'x'.repeat(MIB)}",${'{"a":'.repeat(600)}1${'}'.repeat(600)}]`],
    ['a text that hides none', `["\\"\\\\",${'['.repeat(600)}${']'.repeat(600)}]`],
  ])('too many: %s', (_name, json) => {
    expect(inBothForms(json)).toEqual([false, false]);
  });
});
