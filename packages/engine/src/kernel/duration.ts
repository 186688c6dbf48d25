const UNIT_NANOSECONDS = new Map<string, bigint>([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const TERM = /([0-9]*)(?:\.([0-9]*))?([^0-9.]+)/y;
const [ZERO, NINE, POINT] = [0x30, 0x39, 0x2e] as const;
const LARGEST = 2n ** 63n;
/** A valid duration of normal length; longer texts are refused unread. */
const LENGTH_LIMIT = 256;

/** Nanoseconds of a duration as Go's `time.ParseDuration` reads it (`1h30m`, `-1.5s`); `undefined` when it would not. */
export function parseDuration(text: string): bigint | undefined {
  if (text.length === 0 || text.length > LENGTH_LIMIT) return undefined;
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0n;
  // A quick no for nearly all texts that are none: a term begins with a digit or a point.
  const first = body.charCodeAt(0);
  if (!((first >= ZERO && first <= NINE) || first === POINT)) return undefined;
  const total = sumOfTerms(body);
  if (total === undefined) return undefined;
  if (negative) return total > LARGEST ? undefined : -total;
  return total >= LARGEST ? undefined : total;
}

function sumOfTerms(body: string): bigint | undefined {
  if (body === '') return undefined;
  let total = 0n;
  let at = 0;
  while (at < body.length) {
    TERM.lastIndex = at;
    const term = TERM.exec(body);
    if (!term) return undefined;
    const [whole, digits = '', fraction = '', unitName = ''] = term;
    const unit = UNIT_NANOSECONDS.get(unitName);
    if (unit === undefined || (digits === '' && fraction === '')) return undefined;
    total += BigInt(digits || '0') * unit + fractionOf(fraction, unit);
    if (total > LARGEST) return undefined;
    at += whole.length;
  }
  return total;
}

/** Go truncates the fraction to whole nanoseconds. */
function fractionOf(digits: string, unit: bigint): bigint {
  return digits === '' ? 0n : (BigInt(digits) * unit) / 10n ** BigInt(digits.length);
}

/** The text of Go's `Duration.String`: `1h30m0s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const rest = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (rest < 1_000n) return `${sign}${rest}ns`;
  if (rest < 1_000_000n) return `${sign}${decimal(rest, 3)}µs`;
  if (rest < 1_000_000_000n) return `${sign}${decimal(rest, 6)}ms`;
  const seconds = rest % 60_000_000_000n;
  const minutes = rest / 60_000_000_000n;
  if (minutes === 0n) return `${sign}${decimal(seconds, 9)}s`;
  const hours = minutes / 60n;
  const clock = `${minutes % 60n}m${decimal(seconds, 9)}s`;
  return hours === 0n ? `${sign}${clock}` : `${sign}${hours}h${clock}`;
}

/** `value / 10^places` without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const scale = 10n ** BigInt(places);
  const fraction = (value % scale).toString().padStart(places, '0').replace(/0+$/, '');
  return fraction === '' ? `${value / scale}` : `${value / scale}.${fraction}`;
}
