import { writeFileSync } from 'node:fs';

/** What a runner found. */
export interface Score {
  readonly passed: number;
  readonly failures: readonly { readonly name: string; readonly message: string }[];
  /** More figures, for the last line. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** Prints each failure and the score; writes the same as JSON when a file is named. */
export function tellScore({ passed, failures, figures = {} }: Score, file: string | undefined): void {
  for (const { name, message } of failures) console.log(`${name}: ${message}`);
  console.log(JSON.stringify({ cases: passed + failures.length, passed, ...figures }));
  if (file !== undefined) writeFileSync(file, JSON.stringify({ passed, failures, figures } satisfies Score));
}
