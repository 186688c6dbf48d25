import { readFileSync } from 'node:fs';
import type { CaseFailure } from './section.ts';

export interface KnownGap {
  readonly id: string;
  readonly reason: string;
}

/** `known-gaps.json`: cases that do not hold yet, each with its reason. */
export function readKnownGaps(): readonly KnownGap[] {
  // The file is written by hand in this shape, and a test reads it.
  return JSON.parse(readFileSync(new URL('./known-gaps.json', import.meta.url), 'utf8')) as readonly KnownGap[];
}

export interface JudgedFailures {
  readonly unexpected: readonly CaseFailure[];
  readonly known: readonly CaseFailure[];
}

export function splitFailures(failures: readonly CaseFailure[], gaps: readonly KnownGap[]): JudgedFailures {
  const listed = new Set(gaps.map(({ id }) => id));
  return {
    unexpected: failures.filter(({ id }) => !listed.has(id)),
    known: failures.filter(({ id }) => listed.has(id)),
  };
}
