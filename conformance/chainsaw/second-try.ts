import { readKnownGaps } from '../known-gaps.ts';
import { runScored } from '../sandbox/run-scored.ts';

export interface SecondTry {
  /** Plays the scenarios whose paths hold what `--only` names. */
  readonly program: string;
  readonly given: readonly string[];
  /** Of the ids of known gaps. */
  readonly prefix: string;
}

/** More than these did not fail by chance. */
const MOST_TRIED_AGAIN = 8;

/**
 * Scenarios race with the cluster by their nature: what failed is played once more, alone on a cluster of its own, and told
 * when it holds then. What fails for a reason fails again.
 */
export async function heldAtSecondTry(
  failed: readonly { readonly name: string }[],
  { program, given, prefix }: SecondTry,
): Promise<ReadonlySet<string>> {
  const known = new Set(readKnownGaps().map(({ id }) => id));
  const held = new Set<string>();
  for (const { name } of failed.filter((one) => !known.has(`${prefix}:${one.name}`)).slice(0, MOST_TRIED_AGAIN)) {
    const { passed, failures } = await runScored(program, [...given, '--only', name]);
    if (passed > 0 && failures.length === 0) held.add(name);
  }
  return held;
}
