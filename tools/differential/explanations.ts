import { readFile } from 'node:fs/promises';
import { matchWildcard } from '@vouchsafe/engine/kernel';
import type { Verdict } from './differential-case.ts';

/** A difference that is known and meant. */
export interface Explanation {
  /** Pattern of case names; `*` stands for any text. */
  readonly case: string;
  /** The tool that differs; `intended`: what the case was made to be. */
  readonly tool: string;
  /** What that tool says. */
  readonly theirs: Verdict;
  readonly why: string;
}

/** One tool that judges otherwise than this tree. */
export interface Difference {
  readonly case: string;
  readonly tool: string;
  readonly theirs: Verdict;
  readonly theirWords: string;
  readonly ourWords: string;
}

export async function readExplanations(file: URL): Promise<readonly Explanation[]> {
  // Written by hand in this shape; a pattern that fits nothing is reported.
  return JSON.parse(await readFile(file, 'utf8')) as Explanation[];
}

/** The first explanation that fits. */
export function explain(difference: Difference, explanations: readonly Explanation[]): Explanation | undefined {
  return explanations.find(
    ({ case: pattern, tool, theirs }) =>
      tool === difference.tool && theirs === difference.theirs && matchWildcard(pattern, difference.case),
  );
}
