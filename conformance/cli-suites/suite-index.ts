import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One record of the corpus' `index.json`; the fields a run needs. */
export interface SuiteRecord {
  readonly path: string;
  readonly type: string;
  readonly kinds: readonly string[];
  readonly ruleTypes: readonly string[];
  readonly expectations: number;
  readonly network: boolean;
  /** `null`: upstream files it under failing tests, and it may well pass. */
  readonly expectFail: boolean | null;
  readonly runnable: boolean;
  readonly cliFlags?: readonly string[] | null;
}

export type KindFamily = 'legacy' | 'cel';

/** The `kyverno test` suites of a corpus that can be judged: their files exist; those that need a registry, or no other. */
export function readSuites(corpus: string, needsRegistry = false): readonly SuiteRecord[] {
  // The format of the corpus.
  const index = JSON.parse(readFileSync(join(corpus, 'index.json'), 'utf8')) as
    | readonly SuiteRecord[]
    | { readonly suites: readonly SuiteRecord[] };
  const records = 'suites' in index ? index.suites : index;
  return records.filter(({ type, network, runnable }) => type === 'cli' && network === needsRegistry && runnable);
}

const LEGACY_KINDS: ReadonlySet<string> = new Set([
  'ClusterPolicy',
  'Policy',
  'PolicyException',
  'CleanupPolicy',
  'ClusterCleanupPolicy',
]);

/** `cel` when any of its policies is of a kind in CEL; legacy ones with a rule in CEL are none. */
export function familyOf({ kinds }: SuiteRecord): KindFamily {
  return kinds.every((kind) => LEGACY_KINDS.has(kind)) ? 'legacy' : 'cel';
}
