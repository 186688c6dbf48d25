/** A finite float64 as Go's `%v` writes it: shortest digits, an exponent from 1e+06 and below 1e-04. */
export function formatGoFloat(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return String(value);
  const size = Math.abs(power);
  return `${digits}e${power < 0 ? '-' : '+'}${size < 10 ? `0${size}` : size}`;
}
