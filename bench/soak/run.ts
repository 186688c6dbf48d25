// `npm run test:soak -- --minutes 30 [--rate 500] [--connections 500] [--store]`: load and attack for that long. Ends with 1
// for any wrong verdict, and when the memory of the replica that was never restarted grew by more than a tenth.
// `--seconds 20 --verdicts` looks at verdicts alone: machines differ, and a short run says nothing about memory.
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { growth, SAMPLE_SECONDS, type SoakOutcome, soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seconds: { type: 'string' },
    rate: { type: 'string', default: '500' },
    connections: { type: 'string', default: '500' },
    verdicts: { type: 'boolean', default: false },
    store: { type: 'boolean', default: false },
  },
});
const [seconds, rate, connections] = [
  values.seconds === undefined ? Number(values.minutes) * 60 : Number(values.seconds),
  Number(values.rate),
  Number(values.connections),
];
if (![seconds, rate, connections].every((amount) => amount > 0)) {
  console.error('--minutes, --seconds, --rate and --connections are numbers above 0');
  process.exit(2);
}
// what is in the tree, not what was built last
process.env['VOUCHSAFE_FROM_SOURCE'] ??= '1';
const MAX_GROWTH = 1.1;

const outcome = await soak({ seconds, rate, connections, say: (line) => console.log(line) });
const { start, end } = growth(outcome.memory);
tell(outcome);
if (values.store) await store(outcome);
const isWrong = outcome.tally.total('wrong') > 0 || outcome.tally.total('right') === 0;
const isGrown = !values.verdicts && end > start * MAX_GROWTH;
if (isGrown) console.log(`memory grew from ${start.toFixed(0)} MB to ${end.toFixed(0)} MB`);
process.exit(isWrong || isGrown ? 1 : 0);

function tell({ tally, restarts, bursts }: SoakOutcome): void {
  const columns = ['right', 'wrong', 'doubtful', 'overloaded', 'unanswered', 'odd'] as const;
  console.log(`\n${''.padEnd(32)}${columns.map((name) => name.padStart(12)).join('')}`);
  for (const [kind, counts] of tally.kinds) {
    console.log(`${kind.padEnd(32)}${columns.map((name) => String(counts[name]).padStart(12)).join('')}`);
  }
  console.log(`\nrestarts ${restarts}, bursts ${bursts}, memory ${start.toFixed(0)} to ${end.toFixed(0)} MB`);
  console.log(`latency p50 ${tally.percentile(0.5)} ms, p99 ${tally.percentile(0.99)} ms`);
  for (const surprise of tally.surprises) console.log(`  ${surprise}`);
}

async function store({ tally, restarts, bursts, memory }: SoakOutcome): Promise<void> {
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: availableParallelism(),
    node: process.version,
    load: loadavg()[0] ?? 0,
  };
  const minutes = memory.filter((_, index) => index % (60 / SAMPLE_SECONDS) === 0).map(Math.round);
  const figures = {
    minutes: seconds / 60,
    rate,
    connections,
    restarts,
    bursts,
    verdicts: Object.fromEntries(tally.kinds),
    latency: { p50: tally.percentile(0.5), p99: tally.percentile(0.99) },
    memory: { start: Math.round(start), end: Math.round(end), growth: Number((end / start).toFixed(3)), minutes },
  };
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const text = JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine, figures }, null, 2);
  await writeFile(`${folder}soak.json`, `${text}\n`);
}
