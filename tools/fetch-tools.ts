// `npm run tools`: fetches the real programs that the end-to-end suites compare with into `.tools/` (git-ignored).
// The only step of this repository that fetches anything. Usage: fetch-tools.ts [--require] [--force] [NAME…]
//   --require   exit with 1 when a program is missing
//   --force     fetch again what is already there
//   NAME        only these programs
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchFromDebian, findDebianMirror } from './fetch-from-debian.ts';
import { fetchFromNpm } from './fetch-from-npm.ts';
import { type FetchPlan, type PlannedProgram, programsOf, readPlan } from './fetch-plan.ts';
import { lastLine, run } from './fetch-run.ts';
import { readToolRecords, TOOL_NAMES, type ToolName, type ToolRecord, toolsFile, toolsFolder } from './tool-paths.ts';

type Records = Partial<Record<ToolName, ToolRecord>>;

const started = performance.now();
const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith('--')));
const asked = process.argv.slice(2).filter((argument) => !flags.has(argument));
const unknown = [
  ...[...flags].filter((flag) => flag !== '--require' && flag !== '--force'),
  ...asked.filter((name) => !TOOL_NAMES.some((known) => known === name)),
];
if (unknown.length > 0) {
  console.error(`tools: unknown argument: ${unknown.join(', ')}`);
  process.exit(2);
}

const isAsked = (name: ToolName): boolean => asked.length === 0 || asked.includes(name);

const plan = readPlan();
const known = flags.has('--force') ? {} : keepUsable(plan, readToolRecords());
const fetched = await fetchMissing(plan, known);
const records: Records = { ...known, ...(await checkAll(plan, fetched)) };
await mkdir(toolsFolder, { recursive: true });
await writeFile(toolsFile, `${JSON.stringify({ tools: records }, null, 2)}\n`);
const missing = report(records);
process.exitCode = missing > 0 && flags.has('--require') ? 1 : 0;

/** What an earlier run fetched for the same plan and is still there. */
function keepUsable(whole: FetchPlan, earlier: Records): Records {
  const usable: Records = {};
  for (const entry of [...whole.npm, ...whole.debian]) {
    for (const [name] of programsOf(entry)) {
      const record = earlier[name];
      if (record === undefined || 'missing' in record) continue;
      if (record.pinned === entry.sha256 && existsSync(record.path)) usable[name] = record;
    }
  }
  return usable;
}

async function fetchMissing(whole: FetchPlan, have: Records): Promise<Records> {
  const isWanted = (entry: { programs: Partial<Record<ToolName, PlannedProgram>> }) =>
    programsOf(entry).some(([name]) => have[name] === undefined && isAsked(name));
  const wanted = { npm: whole.npm.filter(isWanted), debian: whole.debian.filter(isWanted) };
  if (wanted.npm.length === 0 && wanted.debian.length === 0) return {};
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return missingAll(wanted, `only fetched for linux x64, this is ${process.platform} ${process.arch}`);
  }
  const work = await mkdtemp(join(tmpdir(), 'vouchsafe-tools-'));
  try {
    const parts = await Promise.all([
      ...wanted.npm.map((entry, index) => fetchFromNpm(entry, join(work, `npm-${index}`), toolsFolder)),
      fetchDebianSuites(wanted.debian, work),
    ]);
    return Object.fromEntries(parts.flat());
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fetchDebianSuites(packages: FetchPlan['debian'], work: string): Promise<[ToolName, ToolRecord][]> {
  if (packages.length === 0) return [];
  const found = await findDebianMirror();
  if ('missing' in found)
    return Object.entries(missingAll({ npm: [], debian: packages }, found.missing)) as [ToolName, ToolRecord][]; // Keys of the plan.
  const warn = (message: string) => console.warn(`warning: ${message}`);
  const suites = [...Map.groupBy(packages, (entry) => entry.suite)];
  const parts = await Promise.all(
    suites.map(([suite, entries]) =>
      fetchFromDebian(suite, entries, found.mirror, join(work, suite), toolsFolder, warn),
    ),
  );
  return parts.flat();
}

function missingAll(wanted: FetchPlan, reason: string): Records {
  const names = [...wanted.npm, ...wanted.debian].flatMap((entry) => programsOf(entry).map(([name]) => name));
  return Object.fromEntries(names.map((name) => [name, { missing: reason }]));
}

/** A program that does not run here (another C library, say) counts as missing. */
async function checkAll(whole: FetchPlan, fetched: Records): Promise<Records> {
  const programs = new Map([...whole.npm, ...whole.debian].flatMap(programsOf));
  const checked = await Promise.all(
    TOOL_NAMES.map(async (name): Promise<[ToolName, ToolRecord | undefined]> => {
      const record = fetched[name];
      const program = programs.get(name);
      if (record === undefined || 'missing' in record || program === undefined) return [name, record];
      const outcome = await run(record.path, program.check, { timeoutMs: 20_000 });
      return [name, outcome.isSuccess ? record : { missing: `does not run here: ${lastLine(outcome.stderr)}` }];
    }),
  );
  return Object.fromEntries(checked.filter(([, record]) => record !== undefined));
}

function report(all: Records): number {
  const told = TOOL_NAMES.filter(isAsked);
  let missingCount = 0;
  for (const name of told) {
    const record = all[name] ?? { missing: 'not in tools/tools.json' };
    if ('missing' in record) missingCount += 1;
    console.log(
      `${name.padEnd(16)} ${'missing' in record ? `missing: ${record.missing}` : `${record.version.padEnd(20)} ${record.path}`}`,
    );
  }
  console.log(
    `${told.length - missingCount} of ${told.length} programs in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
  return missingCount;
}
