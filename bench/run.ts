// `npm run bench [-- SUITE…] [--store] [--gate]`: measures and prints; `--store` keeps the figures in bench/results.
// A figure that misses its goal is marked. It fails nothing, since machines differ, unless `--gate` is given: then a suite
// whose figures must not be missed is measured up to three times, and the end is 1 when a figure was missed each time.
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Goal, Suite } from './suite.ts';
import { admission } from './suites/admission.ts';
import { cel } from './suites/cel.ts';
import { cli } from './suites/cli.ts';
import { engine } from './suites/engine.ts';
import { images } from './suites/images.ts';
import { imagesPeers } from './suites/images-peers.ts';
import { sandbox } from './suites/sandbox.ts';
import { scale } from './suites/scale.ts';

const SUITES: readonly Suite[] = [engine, cel, cli, admission, scale, images, imagesPeers, sandbox];

const { values, positionals } = parseArgs({
  options: { store: { type: 'boolean', default: false }, gate: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !SUITES.some((suite) => suite.name === name));
if (unknown) {
  console.error(`no suite \`${unknown}\`; there are ${SUITES.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const machine = {
  cpu: cpus()[0]?.model ?? '',
  cores: availableParallelism(),
  node: process.version,
  load: loadavg()[0] ?? 0,
};
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${machine.load.toFixed(2)}`);
if (machine.load > 1) console.log('the machine is busy: take the figures as rough');

type Figures = Record<string, { value: number; unit: string } & Goal>;

const ROUNDS_OF_GATE = 3;
for (const suite of SUITES) {
  const isWanted = positionals.some((name) => suite.name === name || suite.name.startsWith(`${name}-`));
  if (positionals.length > 0 && !isWanted) continue;
  console.log(`\n${suite.name}: ${suite.summary}`);
  let figures = await measure(suite);
  if (values.gate) {
    let missed = missedOf(figures);
    for (let round = 2; missed.length > 0 && round <= ROUNDS_OF_GATE; round += 1) {
      console.log(`  again, since missed: ${missed.join(', ')}`);
      figures = await measure(suite);
      const missedAgain = missedOf(figures);
      missed = missed.filter((name) => missedAgain.includes(name));
    }
    if (missed.length > 0) {
      console.error(`${suite.name}: missed ${ROUNDS_OF_GATE} times: ${missed.join(', ')}`);
      process.exitCode = 1;
    }
  }
  if (values.store) await store(suite.name, figures);
}

async function measure(suite: Suite): Promise<Figures> {
  const figures: Figures = {};
  await suite.run((name, value, unit, goal = {}) => {
    figures[name] = { value: round(value), unit, ...goal };
    console.log(`  ${name.padEnd(28)} ${String(round(value)).padStart(10)} ${unit.padEnd(8)} ${judge(value, goal)}`);
  });
  return figures;
}

function missedOf(figures: Figures): readonly string[] {
  return Object.entries(figures).flatMap(([name, { value, must, lower = false }]) =>
    must === undefined || isReached(value, must, lower) ? [] : [name],
  );
}

async function store(suite: string, figures: Figures): Promise<void> {
  const folder = fileURLToPath(new URL('results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  await writeFile(
    `${folder}${suite}.json`,
    `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine, figures }, null, 2)}\n`,
  );
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function judge(value: number, { must, aim, lower = false }: Goal): string {
  if (aim !== undefined && isReached(value, aim, lower)) return `reaches the aim of ${aim}`;
  if (must !== undefined) return isReached(value, must, lower) ? `holds ${must}` : `MISSES ${must}`;
  return '';
}

function isReached(value: number, goal: number, lower: boolean): boolean {
  return lower ? value <= goal : value >= goal;
}
