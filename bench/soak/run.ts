// `npm run test:soak -- --minutes 30 [--rate 500] [--connections 500] [--scale] [--store]`: load and attack for that long. Ends with 1
// for any wrong verdict or answer that is none of those that are due, for an overload that was never answered by 503, when
// more than a twentieth of the steady load that was sent was not judged, and when the memory of the replica that was never restarted grew
// by more than a tenth. `--seconds 20 --verdicts` leaves out the last two: machines differ, and a short run says nothing.
// What was not sent at all, for want of a replica or of a connection that was not waiting, is told: mostly the machine is busy.
// `--scale`: among 20,000 role bindings and 3,500 namespaces with a policy of two rules each.
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { faultsOf } from './faults.ts';
import { growth, SAMPLE_SECONDS, type SoakOutcome, soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seconds: { type: 'string' },
    rate: { type: 'string', default: '500' },
    connections: { type: 'string', default: '500' },
    verdicts: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
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
// what is in the tree, not what was built last; from its source a replica takes longer to start, which a look at verdicts bears
process.env['VOUCHSAFE_FROM_SOURCE'] ??= '1';
const operatorEntry = values.verdicts ? undefined : build();

const outcome = await soak({
  seconds,
  rate,
  connections,
  scale: values.scale,
  operatorEntry,
  say: (line) => console.log(line),
});
const { start, end } = growth(outcome.memory);
tell(outcome);
if (values.store) await store(outcome);
const faults = faultsOf(outcome, { verdictsOnly: values.verdicts, scale: values.scale, start, end });
for (const fault of faults) console.log(`FAULT ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);

function build(): string {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', `${root}tools/build.ts`], {
    stdio: 'inherit',
  });
  return `${root}packages/cli/dist/operator.mjs`;
}

function tell({ tally, restarts, bursts, cpu }: SoakOutcome): void {
  const columns = ['right', 'wrong', 'doubtful', 'overloaded', 'unanswered', 'unsent', 'odd'] as const;
  console.log(`\n${''.padEnd(32)}${columns.map((name) => name.padStart(12)).join('')}`);
  for (const [kind, counts] of Object.entries(tally.kinds)) {
    console.log(`${kind.padEnd(32)}${columns.map((name) => String(counts[name]).padStart(12)).join('')}`);
  }
  console.log(`\nrestarts ${restarts}, bursts ${bursts}, memory ${start.toFixed(0)} to ${end.toFixed(0)} MB`);
  console.log(`latency p50 ${tally.latency?.p50} ms, p99 ${tally.latency?.p99} ms`);
  console.log(`CPU seconds: steady replica ${cpu.replica.toFixed(1)}, who sends the load ${cpu.steady.toFixed(1)}`);
  for (const surprise of tally.surprises) console.log(`  ${surprise}`);
}

async function store({ tally, restarts, bursts, memory, cpu }: SoakOutcome): Promise<void> {
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
    verdicts: tally.kinds,
    latency: tally.latency,
    cpu,
    memory: { start: Math.round(start), end: Math.round(end), growth: Number((end / start).toFixed(3)), minutes },
  };
  const folder = fileURLToPath(new URL('../results/', import.meta.url));
  await mkdir(folder, { recursive: true });
  const text = JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine, figures }, null, 2);
  await writeFile(`${folder}soak.json`, `${text}\n`);
}
