import { parseDuration } from '@vouchsafe/engine/kernel';

export const TTL_LABEL = 'cleanup.kyverno.io/ttl';

const UNIT_MS: ReadonlyMap<string, number> = new Map(
  (
    [
      [1, 'ms'],
      [1000, 's sec secs second seconds'],
      [60_000, 'm min mins minute minutes'],
      [3_600_000, 'h hr hrs hour hours'],
      [86_400_000, 'd day days'],
      [604_800_000, 'w wk week weeks'],
    ] as const
  ).flatMap(([size, names]) => names.split(' ').map((name) => [name, size] as const)),
);

/**
 * When an object with this label goes, in milliseconds since the epoch; `undefined` for a text that says nothing: such an
 * object stays. A duration counts from `created`; else it is a date, or a date and time in UTC (kyverno-core §1.4).
 */
export function parseTtl(text: string, created: number): number | undefined {
  if (text.length > 63) return undefined;
  const lifetime = parseLifetime(text);
  if (lifetime !== undefined) return created + lifetime;
  return parseInstant(text);
}

/** Milliseconds of `1h30m`, `10d`, `2weeks`. */
function parseLifetime(text: string): number | undefined {
  const exact = parseDuration(text);
  if (exact !== undefined) return exact < 0n ? undefined : Number(exact) / 1e6;
  if (!/^(?:\d{1,9}[A-Za-z]{1,7})+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+)([A-Za-z]+)/g)) {
    const size = UNIT_MS.get(unit.toLowerCase());
    if (size === undefined) return undefined;
    total += Number(amount) * size;
  }
  return total;
}

/** `2026-01-31` and `2026-01-31T170000Z`, as a label may hold them. */
function parseInstant(text: string): number | undefined {
  const [, date, hours = '00', minutes = '00', seconds = '00'] =
    /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(\d{2})(\d{2})Z)?$/.exec(text) ?? [];
  const time = date === undefined ? Number.NaN : Date.parse(`${date}T${hours}:${minutes}:${seconds}Z`);
  // A day that its month does not have is none.
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date ? undefined : time;
}
