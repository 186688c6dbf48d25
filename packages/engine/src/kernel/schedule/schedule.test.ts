import { describe, expect, it } from 'vitest';
import { parseSchedule, type ScheduleGrammar } from './parse-schedule.ts';

function next(text: string, after: string, grammar: ScheduleGrammar = 'cronexpr'): string {
  const schedule = parseSchedule(text, grammar);
  if (typeof schedule === 'string') return schedule;
  const found = schedule.next(Date.parse(after));
  return found === undefined ? 'never' : new Date(found).toISOString().replace('.000Z', 'Z');
}

describe('the next instant', () => {
  it.each([
    ['*/5 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00Z'],
    ['*/5 * * * *', '2026-01-01T00:04:59.999Z', '2026-01-01T00:05:00Z'],
    ['* * * * *', '2026-12-31T23:59:30Z', '2027-01-01T00:00:00Z'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['30 4 1,15 * *', '2026-03-01T04:30:00Z', '2026-03-15T04:30:00Z'],
    ['10/20 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:10:00Z'],
    ['0 9 * jan-mar mon-fri', '2026-01-02T09:00:00Z', '2026-01-05T09:00:00Z'],
    // Of two days that are given one is enough.
    ['0 0 13 * 5', '2026-02-01T00:00:00Z', '2026-02-06T00:00:00Z'],
    ['0 0 * * 7', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z'],
    ['@hourly', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'],
    ['@yearly', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['@weekly', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z'],
    // Six fields end with years, seven begin with seconds.
    ['0 0 1 1 * 2030', '2026-01-01T00:00:00Z', '2030-01-01T00:00:00Z'],
    ['0 0 1 1 * 2020', '2026-01-01T00:00:00Z', 'never'],
    ['*/10 * * * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:00:10Z'],
    ['0 0 L * *', '2026-02-01T00:00:00Z', '2026-02-28T00:00:00Z'],
    ['0 0 15W * *', '2026-02-01T00:00:00Z', '2026-02-16T00:00:00Z'],
    ['0 0 1W * *', '2026-07-30T00:00:00Z', '2026-08-03T00:00:00Z'],
    ['0 0 LW * *', '2026-05-01T00:00:00Z', '2026-05-29T00:00:00Z'],
    ['0 0 * * 5L', '2026-01-01T00:00:00Z', '2026-01-30T00:00:00Z'],
    ['0 0 * * 5#2', '2026-01-01T00:00:00Z', '2026-01-09T00:00:00Z'],
    ['0 0 31 2 *', '2026-01-01T00:00:00Z', 'never'],
  ])('of %s after %s is %s', (text, after, expected) => {
    expect(next(text, after)).toBe(expected);
  });

  it('of an interval is that much later', () => {
    expect(next('@every 90m', '2026-01-01T00:00:00Z', 'standard')).toBe('2026-01-01T01:30:00Z');
  });
});

describe('a schedule that is none', () => {
  it.each<[string, ScheduleGrammar, string]>([
    ['', 'cronexpr', 'expected at least 5 fields, found 0'],
    ['invalid-schedule', 'standard', 'expected exactly 5 fields, found 1'],
    ['* * * * * *', 'standard', 'expected at most 5 fields, found 6'],
    ['* * * * * * * *', 'cronexpr', 'expected at most 7 fields, found 8'],
    ['60 * * * *', 'cronexpr', "syntax error in minute field: '60'"],
    ['* 5-2 * * *', 'cronexpr', "syntax error in hour field: '5-2'"],
    ['*/0 * * * *', 'cronexpr', "syntax error in minute field: '*/0'"],
    ['1, * * * *', 'cronexpr', "syntax error in minute field: '1,'"],
    ['* * 0 * *', 'cronexpr', "syntax error in day-of-month field: '0'"],
    ['* * L * *', 'standard', "syntax error in day-of-month field: 'L'"],
    ['* * * * frid', 'cronexpr', "syntax error in day-of-week field: 'frid'"],
    ['* * * * * 3000', 'cronexpr', "syntax error in year field: '3000'"],
    ['@every soon', 'standard', 'failed to parse duration @every soon'],
    ['@every 1h', 'cronexpr', 'expected at least 5 fields, found 2'],
    ['@reboot', 'cronexpr', 'expected at least 5 fields, found 1'],
    ['1,'.repeat(1000), 'cronexpr', 'schedule is longer than 1000 characters'],
  ])('%j is told', (text, grammar, expected) => {
    expect(next(text, '2026-01-01T00:00:00Z', grammar)).toBe(expected);
  });
});
