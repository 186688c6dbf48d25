import { parseQuantity, type Quantity } from '@vouchsafe/cel/quantity';
import { parseDuration } from '../../../kernel/duration.ts';
import type { Json } from '../../../kernel/json.ts';
import { formatGoValue } from '../../jmespath/go-value.ts';

const SECOND = 1_000_000_000n;

/** Nanoseconds of a duration text; `0` alone is none. */
export function durationText(value: Json): bigint | undefined {
  return typeof value === 'string' && value !== '0' ? parseDuration(value) : undefined;
}

/** A number as whole seconds, in nanoseconds. */
export function secondsOf(value: Json): bigint | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? BigInt(Math.trunc(value)) * SECOND : undefined;
}

/** Both sides as durations: at least one must be a duration text, the other one too or a number of seconds. */
export function bothDurations(key: Json, value: Json): readonly [bigint, bigint] | undefined {
  const keyText = durationText(key);
  const valueText = durationText(value);
  if (keyText === undefined && valueText === undefined) return undefined;
  const left = keyText ?? secondsOf(key);
  const right = valueText ?? secondsOf(value);
  return left === undefined || right === undefined ? undefined : [left, right];
}

export function quantityText(value: Json): Quantity | undefined {
  return typeof value === 'string' ? parseQuantity(value) : undefined;
}

/** Go's `fmt.Sprint` of a decoded JSON value. */
export function sprint(value: Json): string {
  return typeof value === 'string' ? value : formatGoValue(value);
}

/** The list of texts a JSON text holds; `undefined` when it is JSON of another shape, `not-json` when it is none. */
export function jsonTexts(text: string): readonly string[] | 'not-json' | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'not-json';
  }
  if (parsed === null) return [];
  if (!Array.isArray(parsed)) return undefined;
  const texts = parsed.map((item: unknown) => (item === null ? '' : item));
  return texts.every((item) => typeof item === 'string') ? texts : undefined;
}
