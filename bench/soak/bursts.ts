import { openLine } from './ask.ts';
import { HANGING_HOST, HANGS, reviewWriter } from './reviews.ts';
import { judge } from './steady-load.ts';
import type { Tally } from './tally.ts';

export interface Burst {
  /** Reviews of one burst: more than a replica takes on at once. */
  readonly size: number;
  /** Between bursts. */
  readonly seconds: number;
  /** Which of the replicas. */
  readonly replica: number;
}

const KIND = { name: 'burst on a hanging registry', verdict: 'refuse', because: HANGS } as const;
/** Connections are made one after the other, as an attacker who wants answers would: handshakes are another attack. */
const OPENED_AT_ONCE = 10;
/** Above what steady reviews are numbered with: images that nobody has asked for. */
const FIRST = 1_000_000_000;

/** More reviews at once than a replica takes on, all of which wait for a registry that never answers: again and again. */
export function startBursts(
  ports: readonly (() => number | undefined)[],
  { size, seconds, replica }: Burst,
  tally: Tally,
): { done(): number; stop(): Promise<void> } {
  const write = reviewWriter({ image: `${HANGING_HOST}/team/app:v%` });
  let stopped = false;
  let count = 0;

  async function burst(port: number): Promise<void> {
    const lines = Array.from({ length: size }, openLine);
    const waiting = lines.values();
    await Promise.all(
      Array.from({ length: OPENED_AT_ONCE }, async () => {
        for (const line of waiting) await line.open(port);
      }),
    );
    const first = FIRST + count * size;
    await Promise.all(
      lines.map(async (line, index) => {
        judge(KIND, await line.post(port, '/mutate/fail?timeout=10s', write(first + index)), tally);
        line.close();
      }),
    );
    count += 1;
  }

  async function loop(): Promise<void> {
    while (!stopped) {
      const port = ports[replica]?.();
      if (port !== undefined) await burst(port);
      for (let waited = 0; waited < seconds && !stopped; waited += 1) await pause(1_000);
    }
  }

  const running = loop();
  return {
    done: () => count,
    stop() {
      stopped = true;
      return running;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
