import { pino } from 'pino';
import type { Logger } from '../settings/logger.ts';

/** One JSON line an entry on standard error. */
export function createLogger(level: 'debug' | 'info' | 'warn' | 'error'): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    process.stderr,
  );
}
