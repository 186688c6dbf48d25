import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../../tools/tool-paths.ts';
import { createClusterPool } from '../chainsaw/cluster-of-scenario.ts';
import { playScenario, type Stage } from '../chainsaw/play-scenario.ts';
import { readScenarios, readScripts } from '../chainsaw/scenario-index.ts';
import { runSuites } from '../cli-suites/run-suites.ts';
import { readSuites } from '../cli-suites/suite-index.ts';
import type { OutsideGuard } from './outside-guard.ts';
import type { StandIns } from './start-stand-ins.ts';
import { copyFile, copySuites } from './working-copy.ts';

export interface PlayOptions {
  readonly corpus: string;
  readonly support: string;
  /** For what is written on the way. */
  readonly folder: string;
  readonly standIns: StandIns;
  readonly guard: OutsideGuard;
  readonly isWanted: (path: string, index: number) => boolean;
  readonly tell: (played: Played, seconds: number) => void;
}

export interface Played {
  readonly path: string;
  /** What does not hold. */
  readonly problem?: string;
  /** Why nobody can tell whether it holds. */
  readonly unplayable?: string;
}

const TIER = 'registry';
/** Seconds that what is to come true may take. */
const PATIENCE = 12;

/** Plays the cluster scenarios that need images. */
export async function playScenarios(options: PlayOptions): Promise<readonly Played[]> {
  const { corpus, folder, standIns } = options;
  const wanted = readScenarios(corpus)
    .filter(({ tier }) => tier === TIER)
    .filter(({ path }, index) => options.isWanted(path, index));
  const copy = join(folder, 'corpus');
  copySuites(corpus, copy, paths(wanted), standIns.rewrite);
  copyFile(join(corpus, 'chainsaw/scripts.json'), join(copy, 'chainsaw/scripts.json'), standIns.rewrite);
  const pool = createClusterPool(options.support, {
    services: standIns,
    mirroredHosts: [],
    operatorFlags: [
      ...Object.entries(standIns.mirrors).flatMap(([host, url]) => ['--registryMirror', `${host}=${url}`]),
      // A deliberate difference, for which there is a flag.
      '--acceptAnyStatement',
    ],
    flagsOfConfig: { 'sigstore-custom-tuf': ['--trustedRoot', writeRootWithoutLogs(options)] },
  });
  const kubectl = findTool('kubectl');
  const programs = 'missing' in kubectl ? {} : { kubectl: kubectl.path };
  const stage: Stage = { corpus: copy, scripts: readScripts(copy), pool, programs, patience: PATIENCE };
  try {
    return await oneByOne(wanted, options, (scenario) => playScenario(scenario, stage));
  } finally {
    await pool.stop();
  }
}

/** Runs the suites of `kyverno test` that need images, or their flipped copies. */
export async function playSuites(options: PlayOptions, flipped: boolean): Promise<readonly Played[]> {
  const { corpus, folder, standIns } = options;
  const wanted = readSuites(corpus, true).filter(
    ({ path, expectFail }, index) => options.isWanted(path, index) && !(flipped && expectFail !== false),
  );
  const copy = join(folder, 'corpus');
  copySuites(corpus, copy, paths(wanted), standIns.rewrite);
  const flags = [
    ...Object.entries(standIns.mirrors).flatMap(([host, url]) => ['--registry-mirror', `${host}=${url}`]),
    ...['--trusted-root', writeRoot(folder, standIns.sigstore.trustedRoot), '--accept-any-statement'],
  ];
  return oneByOne(wanted, options, async (suite) => {
    const [outcome] = await runSuites([suite], copy, flipped, flags);
    if (outcome?.notRun) return 'it is about kinds that are not run';
    return outcome?.held ? undefined : (outcome?.problems.join('\n') ?? 'no outcome');
  });
}

function paths(suites: readonly { readonly path: string }[]): readonly string[] {
  return suites.map(({ path }) => path);
}

async function oneByOne<Suite extends { readonly path: string }>(
  suites: readonly Suite[],
  { standIns, guard, tell }: PlayOptions,
  play: (suite: Suite) => Promise<string | undefined>,
): Promise<readonly Played[]> {
  const played: Played[] = [];
  for (const suite of suites) {
    const started = performance.now();
    const problem = await play(suite).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    // Without the image nobody can tell, whatever came of it.
    const unknown = [...standIns.unknownImages(), ...guard.hosts()];
    const one: Played = {
      path: suite.path,
      ...(unknown.length > 0
        ? { unplayable: `no stand-in for ${unknown.join(', ')}` }
        : problem === undefined
          ? {}
          : { problem }),
    };
    played.push(one);
    tell(one, (performance.now() - started) / 1000);
  }
  return played;
}

/** The instance of Sigstore that GitHub has for private repositories keeps no logs: it stamps times. */
function writeRootWithoutLogs({ folder, standIns }: PlayOptions): string {
  return writeRoot(folder, { ...standIns.sigstore.trustedRoot, tlogs: [], ctlogs: [] }, 'root-without-logs.json');
}

function writeRoot(folder: string, root: unknown, name = 'trusted_root.json'): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(root));
  return file;
}
