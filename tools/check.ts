// `npm run check`: everything a change must hold, quickest first. Stops at the first step that fails, unless
// `--all` is given; `--fast` leaves out the tests.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Step {
  readonly name: string;
  readonly why: string;
  readonly command: readonly string[];
  readonly mend?: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
const packages = readdirSync(`${root}packages`).sort();

const steps: readonly Step[] = [
  {
    name: 'format and lint',
    why: 'one style, no known mistakes',
    command: ['biome', 'ci', '--colors=off', '.'],
    mend: 'npm run format',
  },
  { name: 'boundaries', why: 'the graph in boundaries.json holds', command: [...node, 'tools/check-boundaries.ts'] },
  { name: 'lengths', why: 'a file is about one thing', command: [...node, 'tools/check-lengths.ts'] },
  { name: 'words', why: 'the tree speaks of the product alone', command: [...node, 'tools/check-words.ts'] },
  ...packages.map((name) => ({
    name: `types: ${name}`,
    why: 'strictest TypeScript; pure packages see neither Node nor DOM',
    command: ['tsc', '-p', `packages/${name}/tsconfig.json`],
  })),
  { name: 'types: tests and tools', why: 'tests are code', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'dead code', why: 'what nobody uses is deleted', command: ['knip'] },
  { name: 'build', why: 'the bundle is what users run', command: [...node, 'tools/build.ts'] },
  {
    name: 'size',
    why: 'a browser loads the engine; see packages/engine/size-budget.json',
    command: [...node, 'tools/check-size.ts'],
  },
  { name: 'tests', why: 'the product does what it says', command: ['vitest', 'run', '--reporter=dot'] },
];

const all = process.argv.includes('--all');
const wanted = process.argv.includes('--fast') ? steps.filter((step) => step.name !== 'tests') : steps;
const failed: string[] = [];
for (const step of wanted) {
  const started = performance.now();
  const [command = '', ...args] = step.command;
  const run = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (run.status === 0) {
    console.log(`ok    ${step.name} (${seconds} s)`);
    continue;
  }
  console.log(`FAIL  ${step.name} (${seconds} s): ${step.why}${step.mend ? `; mend with \`${step.mend}\`` : ''}`);
  console.log((run.stdout ?? '') + (run.stderr ?? '') + (run.error?.message ?? ''));
  failed.push(step.name);
  if (!all) break;
}
console.log(failed.length === 0 ? 'all checks hold' : `failed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
