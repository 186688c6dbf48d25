import { describe, expect, it } from 'vitest';
import type { Json } from '../kernel/json.ts';
import { selectorText } from './selector-text.ts';

describe('a label selector as a query', () => {
  it.each<[Json, string]>([
    [{ matchLabels: { app: 'web', 'a.b/c': '' } }, 'app=web,a.b/c='],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] }, 'a in (x,y)'],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, '!a'],
    [null, ''],
  ])('%j', (selector, text) => {
    expect(selectorText(selector)).toBe(text);
  });

  it.each<Json>([
    { matchLabels: { app: 'web,tier in (db)' } },
    { matchLabels: { 'a!=b,app': 'web' } },
    { matchLabels: { app: JSON.parse('{"toString": 1}') } },
    { matchExpressions: [{ key: 'a', operator: 'In', values: [[JSON.parse('{"toString": 1}')]] }] },
    { matchExpressions: [{ key: 'a', operator: 'In', values: ['x,y'] }] },
    { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x),(y'] }] },
  ])('%j is refused: no label holds what would be another term', (selector) => {
    expect(selectorText(selector)).toMatchObject({ message: expect.stringContaining('invalid label selector') });
  });
});
