import { describe, expect, it } from 'vitest';
import { parseTtl } from './ttl-label.ts';

const CREATED = Date.parse('2026-01-01T00:00:00Z');

describe('the end of a lifetime', () => {
  it.each([
    ['1h30m', '2026-01-01T01:30:00.000Z'],
    ['90s', '2026-01-01T00:01:30.000Z'],
    ['10d', '2026-01-11T00:00:00.000Z'],
    ['2w', '2026-01-15T00:00:00.000Z'],
    ['1day12hours', '2026-01-02T12:00:00.000Z'],
    ['2026-02-01', '2026-02-01T00:00:00.000Z'],
    ['2026-02-01T123456Z', '2026-02-01T12:34:56.000Z'],
  ])('%s', (text, end) => {
    expect(new Date(parseTtl(text, CREATED) ?? 0).toISOString()).toBe(end);
  });

  it.each([
    '',
    'soon',
    '-1h',
    '10',
    '1y',
    '1constructor',
    '2026-13-01',
    '2026-02-30',
    '2026-02-01T12:34:56Z',
    '1'.repeat(70),
  ])('is none for %j, and the object stays', (text) => {
    expect(parseTtl(text, CREATED)).toBeUndefined();
  });
});
