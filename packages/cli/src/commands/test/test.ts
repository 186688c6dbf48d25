import type { ImageFacts } from '../../evaluation/image-facts.ts';
import { type CommandIo, EXIT, type FlagValues, textFlag } from '../../flags/command.ts';
import { standsForKyverno } from '../../flags/program-name.ts';
import { type RegistrySettings, readRegistrySettings } from '../../flags/registry-flags.ts';
import { InputProblem, reasonOf } from '../../inputs/input-problem.ts';
import { isRepository } from '../../inputs/read-source.ts';
import { NO_HOST_SETTINGS } from '../../inputs/registry-access.ts';
import { findTests, type TestCase, type TestManifest } from '../../inputs/test-manifest.ts';
import { createPalette, wantsColour } from '../../output/table.ts';
import { checkResults } from './check-results.ts';
import { isRowFormat, ROW_FORMATS, renderRows } from './render-rows.ts';
import { type RunOptions, runTest } from './run-test.ts';
import { parseSelector, type Selector } from './select-results.ts';
import { countRows, type TestRow } from './test-row.ts';
import { renderFailures, renderTestTable } from './test-table.ts';

interface TestFlags {
  readonly fileName: string;
  readonly format: string;
  readonly failOnly: boolean;
  readonly detailed: boolean;
  readonly requireTests: boolean;
  readonly coloured: boolean;
  readonly asKyverno: boolean;
}

/** Exit codes: 0 all passed, 1 some failed or could not be run, 2 wrong use, 3 some are of kinds that cannot run yet. */
export async function test(paths: readonly string[], flags: FlagValues, io: CommandIo): Promise<number> {
  const format = textFlag(flags, 'outputFormat') ?? '';
  if (format !== '' && !isRowFormat(format)) {
    io.stderr(`Error: invalid format, expected (${ROW_FORMATS.join(', ')})\n`);
    return EXIT.violations;
  }
  const settings: TestFlags = {
    fileName: textFlag(flags, 'fileName') ?? 'kyverno-test.yaml',
    format,
    failOnly: flags['failOnly'] === true,
    detailed: flags['detailedResults'] === true,
    requireTests: flags['requireTests'] === true,
    asKyverno: flags['asKyverno'] === true,
    coloured: wantsColour(flags['removeColor'] === true || format !== '', io.isTerminal, io.env),
  };
  const selector = parseSelector(textFlag(flags, 'testCaseSelector') ?? '');
  if (selector.problems.length > 0) {
    io.stdout(`\nFilter errors:\n${selector.problems.map((problem) => `  Error: ${problem}\n`).join('')}`);
  }
  const cleanups: (() => Promise<void>)[] = [];
  try {
    const cases = await loadCases(paths, flags, settings, io, cleanups);
    const refusal = refuse(cases, selector, settings, io);
    if (refusal !== undefined) return refusal;
    const registry = readRegistrySettings(flags);
    const images = registry && (await openImages(registry, io));
    if (images) cleanups.push(images.close);
    const run: RunOptions = {
      print: (line) => io.stdout(`${line}\n`),
      images: images?.source,
      registries: { hosts: registry?.hosts ?? NO_HOST_SETTINGS, env: io.env },
      now: Date.now(),
      resolveRequestVariables: flags['resolveRequestVariables'] === true,
    };
    return await runCases(
      cases.flatMap((found) => found.test ?? []),
      selector,
      settings,
      run,
      io,
    );
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    io.stderr(`Error: ${error.message}\n`);
    return EXIT.violations;
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}

/** Loaded when asked for only: most suites need no registry. */
async function openImages(registry: RegistrySettings, { cwd, env }: CommandIo): Promise<ImageFacts> {
  const { openImageFacts } = await import('../../evaluation/image-facts.ts');
  return openImageFacts({ ...registry, folder: cwd, env });
}

async function loadCases(
  paths: readonly string[],
  flags: FlagValues,
  { fileName }: TestFlags,
  io: CommandIo,
  cleanups: (() => Promise<void>)[],
): Promise<readonly TestCase[]> {
  const cases: TestCase[] = [];
  for (const path of paths) {
    let place = path;
    if (isRepository(path)) {
      const { checkoutRepository } = await import('../../inputs/git.ts');
      const checkout = await checkoutRepository(path, textFlag(flags, 'gitBranch') ?? '', {});
      cleanups.push(checkout.remove);
      place = checkout.folder;
    }
    try {
      cases.push(...(await findTests(place, io.cwd, fileName)));
    } catch (error) {
      io.stdout(`\nError loading tests: ${reasonOf(error)}\n`);
      throw new InputProblem(reasonOf(error));
    }
  }
  return cases;
}

/** The exit code when there is nothing that could be run. */
function refuse(
  cases: readonly TestCase[],
  { problems }: Selector,
  { requireTests }: TestFlags,
  io: CommandIo,
): number | undefined {
  const errors = cases.filter((found) => found.error !== undefined);
  if (errors.length > 0) {
    io.stdout('\nTest errors:\n');
    for (const { path, error } of errors) io.stdout(`  Path: ${path}\n    Error: ${error}\n`);
    throw new InputProblem(`found ${errors.length} errors after loading tests`);
  }
  if (cases.length === 0) {
    io.stdout('\nNo test yamls available\n');
    if (requireTests) throw new InputProblem('no tests found');
    const [problem] = problems;
    if (problem !== undefined) throw new InputProblem(problem);
    return EXIT.ok;
  }
  const deprecated = cases.find(({ test: manifest }) => manifest?.isDeprecated === true);
  if (!deprecated) return undefined;
  io.stdout(`\nWARNING: test file (${deprecated.path}) uses a deprecated schema that will be removed in 1.15\n`);
  throw new InputProblem(`test file ${deprecated.path} uses a deprecated schema — please migrate to the latest format`);
}

async function runCases(
  manifests: readonly TestManifest[],
  selector: Selector,
  settings: TestFlags,
  run: RunOptions,
  io: CommandIo,
): Promise<number> {
  const all: TestRow[] = [];
  let broken = 0;
  for (const manifest of manifests) {
    const expectations = selector.select(manifest.results);
    if (expectations.length === 0) {
      // Upstream says nothing of it.
      if (manifest.results.length === 0) io.stderr(`Warning: ${manifest.path} expects nothing: it has no results\n`);
      continue;
    }
    try {
      const outcome = await runTest(manifest, run);
      run.print('  Checking results ...');
      const rows = checkResults(expectations, outcome, manifest.folder, settings.asKyverno);
      if (!settings.failOnly) printRows(rows, settings, io);
      all.push(...rows);
    } catch (error) {
      if (!(error instanceof InputProblem)) throw error;
      io.stderr(`Error: failed to run test (${error.message})\n`);
      broken += 1;
    }
  }
  return conclude(all, broken, settings, io);
}

function printRows(rows: readonly TestRow[], { format, detailed, coloured }: TestFlags, io: CommandIo): void {
  if (isRowFormat(format)) {
    io.stdout(`\n${renderRows(rows, format, detailed)}\n\n`);
    return;
  }
  const palette = createPalette(coloured);
  io.stdout(`\n${renderTestTable(rows, detailed, palette)}\n`);
  io.stdout(renderFailures(rows, palette));
}

function conclude(rows: readonly TestRow[], broken: number, settings: TestFlags, io: CommandIo): number {
  const { passed, failed, notRun } = countRows(rows);
  if (settings.failOnly) io.stdout(`\nTest Summary: ${failed} out of ${passed + failed} tests failed\n`);
  else io.stdout(`\nTest Summary: ${passed} tests passed and ${failed} tests failed\n`);
  if (notRun > 0) io.stdout(`${notRun} tests were not run: their policies are of kinds that are not supported yet\n`);
  io.stdout('\n');
  if (failed > 0 && settings.failOnly) {
    const failures = rows.filter(({ result }) => result === 'Fail').map((row, index) => ({ ...row, id: index + 1 }));
    if (settings.format === '') io.stdout('Aggregated Failed Test Cases : \n');
    printRows(failures, settings, io);
  }
  if (failed > 0) io.stderr(`Error: ${failed} tests failed\n`);
  if (failed > 0 || broken > 0) return EXIT.violations;
  if (notRun === 0) return EXIT.ok;
  return standsForKyverno(io.programName) ? EXIT.violations : EXIT.evaluation;
}
