import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import elsewhere from './elsewhere.json' with { type: 'json' };

/** A quirk whose case is a test of its room. */
interface Reference {
  readonly number: number;
  readonly quirk: string;
  readonly file: string;
  /** A title in the file. */
  readonly case: string;
}

const REFERENCES: readonly Reference[] = elsewhere;
const ROOT = join(import.meta.dirname, '../..');

/** The numbers that titles of this folder name: `quirk 95, 96: …`. */
function namedHere(): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'))) {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    for (const [, list = ''] of text.matchAll(/['"`]quirk ([0-9, ]+)[:,]/g)) {
      for (const number of list.split(',')) numbers.add(Number(number));
    }
  }
  return numbers;
}

/** kyverno-core §7 lists a hundred; each is a named case. */
describe('the hundred quirks', () => {
  const here = namedHere();

  it('are all named, here or in the tests of a room', () => {
    const all = Array.from({ length: 100 }, (_, index) => index + 1);
    const known = new Set([...here, ...REFERENCES.map(({ number }) => number)]);
    expect(all.filter((number) => !known.has(number))).toEqual([]);
  });

  it.each(REFERENCES)('quirk $number: $quirk', ({ file, case: title }) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(title);
  });
});
