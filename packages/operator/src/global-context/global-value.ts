import type { Fact } from '@vouchsafe/engine/facts';
import { EvaluationError, type Json } from '@vouchsafe/engine/kernel';
import type { Projection } from './parse-entry.ts';

/** What an entry serves: its data, or one of its projections. */
export interface GlobalValue {
  get(projection: string | undefined): Fact<Json>;
}

/** Data with their projections, each worked out when it is first asked for, and once. */
export function createGlobalValue(data: Json, projections: readonly Projection[], now: () => number): GlobalValue {
  const known = new Map<string, Fact<Json>>();
  return {
    get(name) {
      if (name === undefined) return { ok: true, value: data };
      const before = known.get(name);
      if (before) return before;
      const projection = projections.find((one) => one.name === name);
      const fact: Fact<Json> = projection ? project(projection, data, now()) : failed(`projection "${name}" not found`);
      if (projection) known.set(name, fact);
      return fact;
    },
  };
}

/** An entry that has nothing to serve; who asks is told why. Never an empty value, by which a policy could pass. */
export function failedValue(message: string): GlobalValue {
  return { get: () => failed(message) };
}

function project({ name, expression }: Projection, data: Json, now: number): Fact<Json> {
  const value = expression.evaluate(data, now);
  if (!(value instanceof EvaluationError)) return { ok: true, value };
  return failed(`failed to apply projection "${name}": ${value.message}`);
}

function failed(message: string): Fact<Json> {
  return { ok: false, class: 'permanent', message };
}
