/** A line that tells how far a long run is. */
export interface Progress {
  /** Tells a count, when it is time to. */
  readonly tell: (count: number) => void;
  /** Takes the line away; before anything else is written. */
  readonly clear: () => void;
}

export interface ProgressOptions {
  readonly write: (text: string) => void;
  /** Nothing is told to what is no terminal. */
  readonly isTerminal: boolean;
  /** What is counted, in the plural. */
  readonly what: string;
  /** Milliseconds. */
  readonly clock?: () => number;
}

/** Runs shorter than this are not told of. */
const QUIET_MS = 1000;
const INTERVAL_MS = 200;

export function createProgress({
  write,
  isTerminal,
  what,
  clock = () => process.uptime() * 1000,
}: ProgressOptions): Progress {
  if (!isTerminal) return { tell: () => undefined, clear: () => undefined };
  let next = clock() + QUIET_MS;
  let isShown = false;
  return {
    tell(count) {
      const now = clock();
      if (now < next) return;
      next = now + INTERVAL_MS;
      isShown = true;
      write(`\r\u001B[K${count} ${what}`);
    },
    clear() {
      if (isShown) write('\r\u001B[K');
      isShown = false;
    },
  };
}
