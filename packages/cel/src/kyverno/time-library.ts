import { declareFunction, overload } from '../declare/function-declaration.ts';
import type { CelLibrary } from '../declare/library.ts';
import { CelError } from '../values/cel-error.ts';
import { DURATION, STRING, TIMESTAMP } from '../values/cel-type.ts';
import type { CelResult } from '../values/cel-value.ts';
import {
  type CelDuration,
  type CelTimestamp,
  civilFromDays,
  NANOS_PER_SECOND,
  splitDay,
  toTimestamp,
} from '../values/time.ts';
import { hostOverload } from './ask-host.ts';

// Go rounds down to multiples since the year 1.
const ZERO_TIME = -62_135_596_800n * NANOS_PER_SECOND;

function truncate(moment: CelTimestamp, { nanos }: CelDuration): CelResult {
  if (nanos <= 0n) return moment;
  return toTimestamp(moment.nanos - ((moment.nanos - ZERO_TIME) % nanos));
}

/** The minute, hour, day, month and weekday of a moment, as a cron schedule. */
function toCron({ nanos }: CelTimestamp): string {
  const { days, nanosOfDay } = splitDay(nanos);
  const { month, day } = civilFromDays(days);
  const minutes = Number(nanosOfDay / (60n * NANOS_PER_SECOND));
  const weekday = (((days + 4) % 7) + 7) % 7;
  return `${minutes % 60} ${Math.floor(minutes / 60)} ${day} ${month} ${weekday}`;
}

/** `time.now()`, `time.truncate(moment, span)` and `time.toCron(moment)`. */
export function timeLibrary(): CelLibrary {
  return {
    name: 'kyverno.time',
    functions: [
      declareFunction(
        'time.now',
        hostOverload('time_now', [], TIMESTAMP, (host) => {
          const now = host.now?.();
          return now === undefined ? new CelError('there is no clock') : toTimestamp(now);
        }),
      ),
      declareFunction('time.truncate', overload('time_truncate', [TIMESTAMP, DURATION], TIMESTAMP, truncate)),
      declareFunction('time.toCron', overload('time_to_cron', [TIMESTAMP], STRING, toCron)),
    ],
  };
}
