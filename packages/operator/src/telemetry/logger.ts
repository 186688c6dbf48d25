import { pino } from 'pino';
import type { LogFields, Logger } from '../settings/logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** One line an entry on standard error: JSON, or text for people. */
export function createLogger(
  level: LogLevel,
  format: 'json' | 'text' = 'json',
  write: (line: string) => void = (line) => void process.stderr.write(line),
): Logger {
  return format === 'text' ? createTextLogger(level, write) : createJsonLogger(level, write);
}

function createJsonLogger(level: LogLevel, write: (line: string) => void): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
}

function createTextLogger(level: LogLevel, write: (line: string) => void): Logger {
  const lowest = LEVELS.indexOf(level);
  const say = (at: LogLevel) => (fields: LogFields, message: string) => {
    if (LEVELS.indexOf(at) < lowest) return;
    const pairs = Object.entries(fields).flatMap(([key, value]) =>
      value === undefined ? [] : [` ${key}=${quote(value)}`],
    );
    write(`${new Date().toISOString()} ${at.toUpperCase().padEnd(5)} ${message}${pairs.join('')}\n`);
  };
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
}

/** Texts with blanks or line breaks are quoted, so that an entry stays one line whoever wrote them. */
function quote(value: string | number | boolean): string {
  const text = String(value);
  return /^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text);
}
