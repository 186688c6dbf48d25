import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { randomNames } from './random-names.ts';

/** What was recorded on a real API server, and how the runner was asked to replay it. */
export interface Recordings {
  /** What a text becomes with other names; itself when the runner was not asked for them. */
  rename(text: string): string;
  /** The text of a file, renamed. */
  read(file: string): string;
  /** The values of a file of one JSON text a line. */
  lines(file: string): unknown[];
  readonly verbose: boolean;
  /** Where the score is written. */
  readonly score: string | undefined;
}

/** By the flags of the command line: `--recordings <folder> [--random] [--verbose] [--score <file>]`. */
export function openRecordings(): Recordings {
  const { values } = parseArgs({
    options: {
      recordings: { type: 'string' },
      random: { type: 'boolean' },
      verbose: { type: 'boolean' },
      score: { type: 'string' },
    },
  });
  const { recordings, random = false, verbose = false, score } = values;
  if (recordings === undefined) throw new Error('--recordings <folder> is needed');
  const rename = random ? randomNames() : (text: string) => text;
  const read = (file: string): string => rename(readFileSync(join(recordings, file), 'utf8'));
  const lines = (file: string): unknown[] =>
    read(file)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  return { rename, read, lines, verbose, score };
}
