import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json } from '../../kernel/json.ts';
import type { Run } from './frame.ts';

const ZERO_STEP = new EvaluationError('Invalid slice, step cannot be 0');

/** `[start:stop:step]` as in Python; anything but a list gives null. */
export function compileSlice(start: number | undefined, stop: number | undefined, step = 1): Run {
  return (value, frame) => {
    if (!Array.isArray(value)) return null;
    if (step === 0) return ZERO_STEP;
    // Array.isArray does not narrow read-only arrays.
    const list = value as readonly Json[];
    const tooMany = frame.spend(list.length);
    if (tooMany) return tooMany;
    const from = start === undefined ? (step < 0 ? list.length - 1 : 0) : bound(start, list.length, step);
    const to = stop === undefined ? (step < 0 ? -1 : list.length) : bound(stop, list.length, step);
    const result: Json[] = [];
    for (let index = from; step > 0 ? index < to : index > to; index += step) result.push(list[index] ?? null);
    return result;
  };
}

function bound(position: number, length: number, step: number): number {
  if (position < 0) {
    const fromEnd = position + length;
    if (fromEnd >= 0) return fromEnd;
    return step < 0 ? -1 : 0;
  }
  if (position < length) return position;
  return step < 0 ? length - 1 : length;
}
