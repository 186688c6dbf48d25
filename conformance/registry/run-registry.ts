/**
 * Plays what needs images, against stand-ins on loopback: cluster scenarios, or with `--cli` the suites of `kyverno test`.
 *
 *   node conformance/registry/run-registry.ts --corpus <folder> [--cli] [--flipped] [--only <part of a path>]…
 *     [--shard 1/2] [--score <file>] [--verbose]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tellScore } from '../sandbox/tell-score.ts';
import { readImageCatalogue } from './image-catalogue.ts';
import { startOutsideGuard } from './outside-guard.ts';
import { type Played, type PlayOptions, playScenarios, playSuites } from './play-with-stand-ins.ts';
import { startStandIns } from './start-stand-ins.ts';

const { values } = parseArgs({
  options: {
    corpus: { type: 'string' },
    support: { type: 'string' },
    only: { type: 'string', multiple: true, default: [''] },
    shard: { type: 'string', default: '1/1' },
    score: { type: 'string' },
    cli: { type: 'boolean', default: false },
    flipped: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
if (values.corpus === undefined) throw new Error('--corpus <folder> is needed');
const { corpus, only, flipped } = values;
const [shard = 1, shards = 1] = values.shard.split('/').map(Number);

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-registry-'));
const guard = await startOutsideGuard();
// The operator and the command line, which are started from here, heed it.
Object.assign(process.env, guard.environment);
const standIns = await startStandIns(readImageCatalogue());
const options: PlayOptions = {
  corpus,
  support: values.support ?? join(corpus, '../support'),
  folder,
  standIns,
  guard,
  isWanted: (path, index) => index % shards === shard - 1 && only.some((part) => path.includes(part)),
  tell: values.verbose ? tell : () => {},
};
try {
  const played = values.cli ? await playSuites(options, flipped) : await playScenarios(options);
  const named = (problem: 'problem' | 'unplayable') =>
    played.flatMap((one) => (one[problem] === undefined ? [] : [{ name: one.path, message: one[problem] }]));
  const failures = named('problem');
  const notRun = named('unplayable');
  tellScore({ passed: played.length - failures.length - notRun.length, failures, notRun }, values.score);
} finally {
  await standIns.stop();
  await guard.stop();
  rmSync(folder, { recursive: true, force: true });
}

function tell({ path, problem, unplayable }: Played, seconds: number): void {
  const outcome = unplayable === undefined ? (problem === undefined ? 'ok  ' : 'FAIL') : '?   ';
  console.log(
    `${outcome} ${path} (${seconds.toFixed(1)} s)${(problem ?? unplayable) ? `\n     ${problem ?? unplayable}` : ''}`,
  );
}
