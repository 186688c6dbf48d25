import { SchemaError } from '../model/schema-error.ts';

/** Checks standard base64 as Go decodes it; line breaks are ignored. Returns the text Go prints again. */
export function checkBase64(text: string): string {
  const compact = text.includes('\n') || text.includes('\r') ? text.replaceAll('\n', '').replaceAll('\r', '') : text;
  let index = 0;
  while (index < compact.length && isBase64(compact.charCodeAt(index))) index++;
  const padding = compact.length - index;
  const isPadded = padding <= 2 && compact.slice(index) === '='.repeat(padding);
  if (isPadded && compact.length % 4 === 0) return compact;
  const offset = isPadded ? compact.length - (compact.length % 4 === 0 ? 4 : compact.length % 4) : index;
  throw new SchemaError(`illegal base64 data at input byte ${offset}`);
}

function isBase64(code: number): boolean {
  return (
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2b ||
    code === 0x2f
  );
}

const LAYOUT = '2006-01-02T15:04:05Z07:00';
const MICRO_LAYOUT = '2006-01-02T15:04:05.000000Z07:00';

/**
 * Reads an RFC 3339 time and prints it as Go does: UTC, without fractions, or with six digits for a micro time.
 *
 * @throws SchemaError with the text of Go's `time.Parse`.
 */
export function checkTime(text: string, micro: boolean): string {
  const milliseconds = parseTime(text);
  if (milliseconds === undefined) {
    const layout = micro ? MICRO_LAYOUT : LAYOUT;
    throw new SchemaError(`parsing time "${text}" as "${layout}": cannot parse "${text}" as "2006"`);
  }
  const utc = new Date(milliseconds).toISOString();
  if (!micro) return `${utc.slice(0, 19)}Z`;
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return `${utc.slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}

/** Milliseconds of an RFC 3339 time, or `undefined`. */
export function parseTime(text: string): number | undefined {
  if (text.length > 40 || !/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text))
    return undefined;
  const milliseconds = Date.parse(text.toUpperCase());
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
