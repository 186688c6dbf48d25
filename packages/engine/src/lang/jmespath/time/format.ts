import { type Calendar, calendarOf, type Instant } from './instant.ts';
import { type LayoutElement, type LayoutPart, MONTHS, parseLayout, RFC3339, WEEKDAYS } from './layout.ts';

const RFC3339_PARTS = parseLayout(RFC3339);

/** Go's `Time.Format(time.RFC3339)`: in the instant's own zone, without fractions of a second. */
export function formatRfc3339(instant: Instant): string {
  return formatInstant(instant, RFC3339_PARTS);
}

/** Go's `Time.Format` with a layout that has been taken apart. */
export function formatInstant(instant: Instant, layout: readonly LayoutPart[]): string {
  const calendar = calendarOf(instant);
  return layout
    .map((part) => ('text' in part ? part.text : formatElement(part.element, part, calendar, instant)))
    .join('');
}

function formatElement(
  element: LayoutElement,
  { spelling, digits = 0 }: { readonly spelling: string; readonly digits?: number },
  calendar: Calendar,
  instant: Instant,
): string {
  const { year, month, day, hour, minute, second, weekday, yearDay } = calendar;
  switch (element) {
    case 'long-year':
      return year < 0 ? `-${pad(-year, 4)}` : pad(year, 4);
    case 'year':
      return pad(((year % 100) + 100) % 100, 2);
    case 'long-month':
      return MONTHS[month - 1] ?? '';
    case 'short-month':
      return (MONTHS[month - 1] ?? '').slice(0, 3);
    case 'month':
      return String(month);
    case 'zero-month':
      return pad(month, 2);
    case 'long-weekday':
      return WEEKDAYS[weekday] ?? '';
    case 'short-weekday':
      return (WEEKDAYS[weekday] ?? '').slice(0, 3);
    case 'day':
      return String(day);
    case 'under-day':
      return String(day).padStart(2, ' ');
    case 'zero-day':
      return pad(day, 2);
    case 'under-year-day':
      return String(yearDay).padStart(3, ' ');
    case 'zero-year-day':
      return pad(yearDay, 3);
    case 'hour':
      return pad(hour, 2);
    case 'hour-12':
      return String(hour % 12 || 12);
    case 'zero-hour-12':
      return pad(hour % 12 || 12, 2);
    case 'minute':
      return String(minute);
    case 'zero-minute':
      return pad(minute, 2);
    case 'second':
      return String(second);
    case 'zero-second':
      return pad(second, 2);
    case 'PM':
      return hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return hour >= 12 ? 'pm' : 'am';
    case 'zone-name':
      return instant.zone !== '' ? instant.zone : formatOffset(instant.offset, '-0700');
    case 'zone':
      return formatOffset(instant.offset, spelling);
    case 'fraction-0':
      return spelling.charAt(0) + pad(calendar.nanosecond, 9).slice(0, digits);
    case 'fraction-9': {
      const fraction = pad(calendar.nanosecond, 9).slice(0, digits).replace(/0+$/, '');
      return fraction === '' ? '' : spelling.charAt(0) + fraction;
    }
  }
}

/** `spelling` is how the reference zone, seven hours west, is written in the layout. */
function formatOffset(offset: number, spelling: string): string {
  if (offset === 0 && spelling.startsWith('Z')) return 'Z';
  const size = Math.abs(offset);
  const colon = spelling.includes(':') ? ':' : '';
  const units = spelling.replaceAll(/[^0-9]/g, '').length / 2;
  const parts = [Math.floor(size / 3600), Math.floor((size % 3600) / 60), size % 60].slice(0, units);
  return (offset < 0 ? '-' : '+') + parts.map((part) => pad(part, 2)).join(colon);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
