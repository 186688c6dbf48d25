import { steadyReviews } from './reviews.ts';
import type { SoakOutcome } from './soak.ts';
import type { Counts } from './tally.ts';

export interface FaultOptions {
  /** Leaves out what depends on the machine: how much was answered, and memory. */
  readonly verdictsOnly: boolean;
  readonly scale: boolean;
  /** Megabytes. */
  readonly start: number;
  readonly end: number;
}

const MAX_GROWTH = 1.1;
const MAX_UNANSWERED = 0.05;
const BURST = 'burst on a hanging registry';
const API_SERVER = 'through the API server';

/** What a soak must not end with, each in words; empty when it held. What did not happen at all proves nothing. */
export function faultsOf({ tally, bursts, memory }: SoakOutcome, options: FaultOptions): readonly string[] {
  const { kinds } = tally;
  const steady = steadyReviews({ signed: '', unsigned: '', foreign: '', isScaled: options.scale }).map(
    ({ name }) => name,
  );
  const faults: string[] = [];
  for (const [kind, { wrong, odd }] of Object.entries(kinds)) {
    if (wrong > 0) faults.push(`${kind}: ${wrong} wrong verdicts`);
    if (odd > 0) faults.push(`${kind}: ${odd} times neither a verdict nor the refusal that is due`);
  }
  for (const kind of [...steady, API_SERVER]) {
    if ((kinds[kind]?.right ?? 0) === 0) faults.push(`${kind}: not judged once`);
  }
  if (bursts > 0 && (kinds[BURST]?.overloaded ?? 0) === 0) faults.push(`${BURST}: never answered by 503`);
  if (options.verdictsOnly) return faults;
  if (bursts === 0) faults.push(`${BURST}: there was none`);
  const lacking = lackingShare(kinds, steady);
  if (lacking > MAX_UNANSWERED)
    faults.push(`${(lacking * 100).toFixed(1)} % of the steady load that was sent was not judged`);
  if (memory.length === 0 || !(options.end <= options.start * MAX_GROWTH)) {
    faults.push(`memory grew from ${options.start.toFixed(0)} to ${options.end.toFixed(0)} MB`);
  }
  return faults;
}

/** Of the steady load that was sent, what ended without a verdict, or in doubt. */
function lackingShare(kinds: Readonly<Record<string, Counts>>, steady: readonly string[]): number {
  let [lacking, sent] = [0, 0];
  for (const name of steady) {
    const { right = 0, wrong = 0, odd = 0, doubtful = 0, overloaded = 0, unanswered = 0 } = kinds[name] ?? {};
    lacking += doubtful + overloaded + unanswered;
    sent += right + wrong + odd + doubtful + overloaded + unanswered;
  }
  return sent === 0 ? 1 : lacking / sent;
}
