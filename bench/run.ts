// `npm run bench [-- SUITE…] [--store]`: measures and prints; `--store` keeps the figures in bench/results.
// A figure that misses its goal is marked; it never fails anything, since machines differ.
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
  options: { store: { type: 'boolean', default: false } },
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

for (const suite of SUITES) {
  const isWanted = positionals.some((name) => suite.name === name || suite.name.startsWith(`${name}-`));
  if (positionals.length > 0 && !isWanted) continue;
  console.log(`\n${suite.name}: ${suite.summary}`);
  const figures: Record<string, { value: number; unit: string } & Goal> = {};
  await suite.run((name, value, unit, goal = {}) => {
    figures[name] = { value: round(value), unit, ...goal };
    console.log(`  ${name.padEnd(28)} ${String(round(value)).padStart(10)} ${unit.padEnd(8)} ${judge(value, goal)}`);
  });
  if (values.store) {
    const folder = fileURLToPath(new URL('results/', import.meta.url));
    await mkdir(folder, { recursive: true });
    await writeFile(
      `${folder}${suite.name}.json`,
      `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine, figures }, null, 2)}\n`,
    );
  }
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function judge(value: number, { must, aim, lower = false }: Goal): string {
  const reaches = (goal: number) => (lower ? value <= goal : value >= goal);
  if (aim !== undefined && reaches(aim)) return `reaches the aim of ${aim}`;
  if (must !== undefined) return reaches(must) ? `holds ${must}` : `MISSES ${must}`;
  return '';
}
