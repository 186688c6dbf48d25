// One client of the soak in a process of its own, so that none of them waits for the others, or for the cluster that the
// soak holds: steady load, hostile clients, or bursts. Told which ports are there by messages, tells its tally when asked.

import { startAttacks } from './attacks.ts';
import { type Burst, startBursts } from './bursts.ts';
import { type KnownObjects, steadyReviews } from './reviews.ts';
import { startSteadyLoad } from './steady-load.ts';
import { createTally, type TallySnapshot } from './tally.ts';

/** What a client does, as its only argument. */
export type ClientTask =
  | { readonly role: 'steady'; readonly rate: number; readonly connections: number; readonly images: KnownObjects }
  | { readonly role: 'attacks' }
  | ({ readonly role: 'bursts' } & Burst);

export type ToClient =
  /** The webhook port of each replica; null while it is away. */
  { readonly ports: readonly (number | null)[] } | { readonly ask: 'tally' | 'stop' };

export interface FromClient {
  readonly tally: TallySnapshot;
  readonly bursts: number;
}

const task = JSON.parse(process.argv[2] ?? '{}') as ClientTask; // written by clients.ts
const tally = createTally();
let current: readonly (number | null)[] = [];
let running: { readonly done?: () => number; stop(): Promise<void> } | undefined;

process.on('message', (message: ToClient) => {
  if ('ports' in message) {
    current = message.ports;
    running ??= start(current.length);
    return;
  }
  const tell = () => process.send?.({ tally: tally.snapshot(), bursts: running?.done?.() ?? 0 } satisfies FromClient);
  if (message.ask === 'tally') tell();
  else void running?.stop().then(tell);
});
process.on('disconnect', () => process.exit(0)); // the soak is gone

function start(replicas: number) {
  const ports = Array.from({ length: replicas }, (_, index) => () => current[index] ?? undefined);
  if (task.role === 'attacks') return startAttacks(ports, tally);
  if (task.role === 'bursts') return startBursts(ports, task, tally);
  const { rate, connections, images } = task;
  return startSteadyLoad({ rate, connections, kinds: steadyReviews(images), ports, tally });
}
