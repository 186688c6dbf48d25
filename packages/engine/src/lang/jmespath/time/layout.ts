/** Go's RFC 3339 layout, which the time functions use when none is given. */
export const RFC3339 = '2006-01-02T15:04:05Z07:00';

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** A part of a layout: text that stands for itself, or an element named by the reference time's spelling of it. */
export type LayoutPart =
  | { readonly text: string }
  | { readonly element: LayoutElement; readonly spelling: string; readonly digits?: number };

export type LayoutElement =
  | 'long-year'
  | 'year'
  | 'long-month'
  | 'short-month'
  | 'month'
  | 'zero-month'
  | 'long-weekday'
  | 'short-weekday'
  | 'day'
  | 'under-day'
  | 'zero-day'
  | 'under-year-day'
  | 'zero-year-day'
  | 'hour'
  | 'hour-12'
  | 'zero-hour-12'
  | 'minute'
  | 'zero-minute'
  | 'second'
  | 'zero-second'
  | 'PM'
  | 'pm'
  | 'zone-name'
  | 'zone'
  | 'fraction-0'
  | 'fraction-9';

/** Longer spellings before their prefixes. */
const ELEMENTS: readonly (readonly [string, LayoutElement])[] = [
  ['January', 'long-month'],
  ['Jan', 'short-month'],
  ['Monday', 'long-weekday'],
  ['Mon', 'short-weekday'],
  ['MST', 'zone-name'],
  ['2006', 'long-year'],
  ['__2', 'under-year-day'],
  ['_2006', 'long-year'],
  ['_2', 'under-day'],
  ['002', 'zero-year-day'],
  ['01', 'zero-month'],
  ['02', 'zero-day'],
  ['03', 'zero-hour-12'],
  ['04', 'zero-minute'],
  ['05', 'zero-second'],
  ['06', 'year'],
  ['15', 'hour'],
  ['1', 'month'],
  ['2', 'day'],
  ['3', 'hour-12'],
  ['4', 'minute'],
  ['5', 'second'],
  ['PM', 'PM'],
  ['pm', 'pm'],
  ['-07:00:00', 'zone'],
  ['-070000', 'zone'],
  ['-07:00', 'zone'],
  ['-0700', 'zone'],
  ['-07', 'zone'],
  ['Z07:00:00', 'zone'],
  ['Z070000', 'zone'],
  ['Z07:00', 'zone'],
  ['Z0700', 'zone'],
  ['Z07', 'zone'],
];

/** Takes a Go layout apart (package `time`, "Constants": the reference time Mon Jan 2 15:04:05 MST 2006). */
export function parseLayout(layout: string): readonly LayoutPart[] {
  const parts: LayoutPart[] = [];
  let text = '';
  let at = 0;
  while (at < layout.length) {
    const part = elementAt(layout, at);
    if (part === undefined) {
      text += layout.charAt(at++);
      continue;
    }
    // `_2006` is an underscore before a year.
    if (part.spelling === '_2006') text += '_';
    if (text !== '') parts.push({ text });
    text = '';
    parts.push(part.spelling === '_2006' ? { ...part, spelling: '2006' } : part);
    at += part.spelling.length;
  }
  if (text !== '') parts.push({ text });
  return parts;
}

function elementAt(layout: string, at: number): Extract<LayoutPart, { element: LayoutElement }> | undefined {
  const fraction = fractionAt(layout, at);
  if (fraction) return fraction;
  for (const [spelling, element] of ELEMENTS) {
    if (!layout.startsWith(spelling, at)) continue;
    // `January` and `Jan`, but not `Janet`.
    if (spelling === 'Jan' && /[a-z]/.test(layout.charAt(at + 3))) continue;
    if (spelling === 'Mon' && /[a-z]/.test(layout.charAt(at + 3))) continue;
    return { element, spelling };
  }
  return undefined;
}

/** `.000` and `,999`: fractions of a second, not followed by another digit. */
function fractionAt(layout: string, at: number): Extract<LayoutPart, { element: LayoutElement }> | undefined {
  const mark = layout.charAt(at);
  const digit = layout.charAt(at + 1);
  if ((mark !== '.' && mark !== ',') || (digit !== '0' && digit !== '9')) return undefined;
  let end = at + 1;
  while (layout.charAt(end) === digit) end++;
  const next = layout.charAt(end);
  if (next >= '0' && next <= '9') return undefined;
  const spelling = layout.slice(at, end);
  return { element: digit === '0' ? 'fraction-0' : 'fraction-9', spelling, digits: end - at - 1 };
}
