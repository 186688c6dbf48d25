import { EvaluationError } from '../kernel/evaluation-error.ts';
import type { JsonObject } from '../kernel/json.ts';
import { hasWildcard } from '../kernel/wildcard.ts';
import { parseRfc3339 } from '../lang/jmespath/time/parse.ts';
import { SKIP_ANNOTATION, SKIP_UNTIL_ANNOTATION } from '../model/bypass.ts';
import { readText } from '../model/read-json.ts';

/** What the two annotations of an object say. */
export interface BypassWish {
  /** Keys of policies. Empty when they cannot be read as a list of names. */
  readonly policies: ReadonlySet<string>;
  readonly skip: string;
  readonly until: string;
  /** Milliseconds since the epoch; 0 beside a problem. */
  readonly untilTime: number;
  /** Why it counts for nothing. */
  readonly problem?: string;
}

const DAY_MS = 24 * 3_600_000;
const MAX_NAMES = 32;
const MAX_LENGTH = 4_096;

/** Reads them at a moment (milliseconds since the epoch). */
export function readBypassWish(annotations: JsonObject, now: number): BypassWish {
  const skip = readText(annotations, SKIP_ANNOTATION) ?? '';
  const until = readText(annotations, SKIP_UNTIL_ANNOTATION) ?? '';
  const names = skip
    .slice(0, MAX_LENGTH)
    .split(',', MAX_NAMES + 1)
    .map((name) => name.trim());
  const problem = problemOfNames(skip, names);
  const wish = { policies: new Set(problem ? [] : names), skip, until, untilTime: 0 };
  if (problem) return { ...wish, problem };
  const time = readUntil(until, now);
  return typeof time === 'string' ? { ...wish, problem: time } : { ...wish, untilTime: time };
}

/** Whether the wish is about a policy. One that cannot be read is about all: nobody shall believe that it counts. */
export function concerns({ policies }: BypassWish, policy: string): boolean {
  return policies.size === 0 || policies.has(policy);
}

function problemOfNames(skip: string, names: readonly string[]): string | undefined {
  if (skip.length > MAX_LENGTH || names.length > MAX_NAMES) return `it may name ${MAX_NAMES} policies at most`;
  const wild = names.find(hasWildcard);
  if (wild !== undefined) return `it must name each policy, and \`${wild}\` is a wildcard`;
  return names.includes('') ? 'it names policies, separated by commas' : undefined;
}

function readUntil(text: string, now: number): number | string {
  const needed = `\`${SKIP_UNTIL_ANNOTATION}\` must be a time at most 24 hours ahead, such as \`2030-01-31T18:00:00Z\``;
  if (text === '') return `${needed}, and is absent`;
  const instant = parseRfc3339(text);
  if (instant instanceof EvaluationError) return `${needed}, not \`${text.slice(0, MAX_SHOWN)}\``;
  const time = Number(instant.nanoseconds / 1_000_000n);
  if (time <= now) return `it ended at ${text}`;
  return time > now + DAY_MS ? `${needed}, and \`${text}\` is later` : time;
}

const MAX_SHOWN = 64;
