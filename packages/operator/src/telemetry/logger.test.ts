import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function lines(format: 'json' | 'text', level: 'debug' | 'warn' = 'warn'): readonly string[] {
  const written: string[] = [];
  const log = createLogger(level, format, (line) => written.push(line));
  log.debug({}, 'quiet');
  log.warn({ policy: 'p', error: 'a\nforged line', count: 2, absent: undefined }, 'it failed');
  log.error({}, 'worse');
  return written;
}

describe('the log', () => {
  it('is JSON, one line an entry, from its level on', () => {
    const [first, second, ...more] = lines('json').map((line) => JSON.parse(line));
    expect(first).toMatchObject({ level: 'warn', policy: 'p', error: 'a\nforged line', count: 2, msg: 'it failed' });
    expect(second).toMatchObject({ level: 'error', msg: 'worse' });
    expect(more).toEqual([]);
    expect(lines('json', 'debug')).toHaveLength(3);
  });

  it('or text, one line an entry whoever wrote the values', () => {
    const written = lines('text');
    expect(written.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'WARN  it failed policy=p error="a\\nforged line" count=2\n',
      'ERROR worse\n',
    ]);
    expect(lines('text', 'debug')).toHaveLength(3);
  });
});
