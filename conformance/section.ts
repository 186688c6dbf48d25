import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** A part of the conformance run: a corpus, or one dialect or family of it. */
export interface Section {
  readonly name: string;
  /** The selector on the command line that asks for it. */
  readonly selector: string;
  /** How many cases it has when its data are at hand; told when they are not. */
  readonly size: number;
  /** `undefined`: the data or the runner are not there. */
  readonly run: (options: RunOptions) => Promise<SectionReport | undefined>;
  /** Of a section that runs a part of its cases, or those of the corpus at hand: whether the case is in it. */
  readonly covers?: (id: string, options: RunOptions) => boolean;
}

export interface RunOptions {
  /** The folder with `index.json`, and the other sets beside it. */
  readonly corpus: string | undefined;
  readonly support: string | undefined;
  /** Recordings of a real API server. */
  readonly recordings: string | undefined;
  readonly kinds: 'legacy' | 'cel' | 'all';
  /** Part of the id of the cases to run. */
  readonly only: string | undefined;
  readonly flipped: boolean;
  /** Every cluster scenario that can be played, not only the usual ones. */
  readonly everyScenario: boolean;
}

export interface CaseFailure {
  /** Stable: gaps are listed by it. */
  readonly id: string;
  readonly detail: string;
}

export interface SectionReport {
  readonly passed: number;
  readonly failures: readonly CaseFailure[];
  /** Cases that the product or its surroundings cannot run yet, or that nobody asked for. */
  readonly notRun: number;
  /** Lines of figures beside the count. */
  readonly figures: readonly string[];
}

/** Whether the corpus has the file or folder that a case is named after: there are several, and a gap of one is none of another. */
export function isInCorpus(id: string, { corpus }: RunOptions): boolean {
  return corpus !== undefined && existsSync(join(corpus, id.slice(id.indexOf(':') + 1)));
}
