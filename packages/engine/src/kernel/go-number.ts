const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const INTEGER = /^[+-]?[0-9]+$/;
const SPECIAL = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['nan', Number.NaN],
]);
const LENGTH_LIMIT = 1024;

/** A float64 as Go's `strconv.ParseFloat` reads decimal texts; `undefined` when it fails or overflows. */
export function parseGoFloat(text: string): number | undefined {
  if (text.length > LENGTH_LIMIT) return undefined;
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const sign = text.startsWith('-') ? -1 : 1;
  const special = SPECIAL.get(text.replace(/^[+-]/, '').toLowerCase());
  return special === undefined ? undefined : sign * special;
}

/** A whole number as Go's `strconv.ParseInt(text, 10, 64)` reads it; `undefined` when it fails or overflows. */
export function parseGoInteger(text: string): bigint | undefined {
  if (text.length > 64 || !INTEGER.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Go's `%f` of a float64 that is no whole number, and plain digits of one that is. */
export function formatPlainNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  if (Number.isInteger(value)) return BigInt(value).toString();
  return value.toFixed(6);
}
