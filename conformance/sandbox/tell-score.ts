import { writeFileSync } from 'node:fs';

interface Named {
  readonly name: string;
  readonly message: string;
}

/** What a runner found. */
export interface Score {
  readonly passed: number;
  readonly failures: readonly Named[];
  /** What could not be run at all, and why. */
  readonly notRun?: readonly Named[];
  /** More figures, for the last line. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** Prints each failure and the score; writes the same as JSON when a file is named. */
export function tellScore({ passed, failures, notRun = [], figures = {} }: Score, file: string | undefined): void {
  for (const { name, message } of failures) console.log(`${name}: ${message}`);
  for (const { name, message } of notRun) console.log(`${name}: not run: ${message}`);
  console.log(JSON.stringify({ cases: passed + failures.length, passed, ...figures }));
  if (file !== undefined) writeFileSync(file, JSON.stringify({ passed, failures, notRun, figures } satisfies Score));
}
