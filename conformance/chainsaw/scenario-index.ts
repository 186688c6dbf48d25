import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Operation } from './read-test.ts';
import type { ScriptRecord } from './run-script.ts';

/** A record of the corpus' `index.json` about a cluster scenario. */
export interface Scenario {
  readonly path: string;
  readonly type: string;
  readonly runnable: boolean;
  readonly tier?: string;
  readonly requires?: readonly string[];
  readonly repo?: string;
  readonly kyvernoConfig?: string | null;
  readonly kinds?: readonly string[];
}

/** The scenarios of a corpus, playable or not. */
export function readScenarios(corpus: string): readonly Scenario[] {
  // The format of the corpus.
  const records = JSON.parse(readFileSync(join(corpus, 'index.json'), 'utf8')) as readonly Scenario[];
  return records.filter(({ type }) => type === 'chainsaw');
}

/** What the script of an operation runs, as the corpus lists it. */
export type ScriptFinder = (path: string, operation: Operation) => ScriptRecord | undefined;

type PlacedScript = ScriptRecord & { readonly step: number; readonly phase: string; readonly op: number };

export function readScripts(corpus: string): ScriptFinder {
  // The format of the corpus.
  const list = JSON.parse(readFileSync(join(corpus, 'chainsaw/scripts.json'), 'utf8')) as readonly {
    readonly path: string;
    readonly scripts: readonly PlacedScript[];
  }[];
  const scripts = new Map(list.map(({ path, scripts: own }) => [path.replace(/^[^/]+\//, ''), own]));
  return (path, { step, phase, index }) =>
    scripts.get(path)?.find((one) => one.step === step && one.phase === phase && one.op === index);
}
