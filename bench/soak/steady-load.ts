import { type Line, openLine } from './ask.ts';
import { mixed, type ReviewKind } from './reviews.ts';
import type { Counts, Tally } from './tally.ts';

export interface SteadyLoadOptions {
  /** Requests a second. */
  readonly rate: number;
  /** Held open all the time, shared evenly by the replicas that are there, as a Service does. */
  readonly connections: number;
  readonly kinds: readonly ReviewKind[];
  /** The webhook port of each replica; undefined while it is away. */
  readonly ports: readonly (() => number | undefined)[];
  readonly tally: Tally;
}

export interface SteadyLoad {
  /** Sends nothing more; resolves when all is answered. */
  stop(): Promise<void>;
}

/** Sends at an even rate whatever the answers are, as an API server does; latency counts from the time a request was due. */
export function startSteadyLoad({ rate, connections, kinds, ports, tally }: SteadyLoadOptions): SteadyLoad {
  const lines = Array.from({ length: connections }, openLine);
  const running = new Set<Promise<void>>();
  const kindOf = mixed(kinds);
  const started = performance.now();
  let sent = 0;
  let next = 0;

  function freeLine(): { line: Line; port: number } | undefined {
    for (let tried = 0; tried < lines.length; tried += 1) {
      const at = next % lines.length;
      next += 1;
      const line = lines[at];
      const port = portFor(at);
      if (port === undefined) return undefined;
      if (line && !line.isBusy) return { line, port };
    }
    return undefined;
  }

  /** That of its own replica; of the next one that is there while it is away. */
  function portFor(line: number): number | undefined {
    for (let step = 0; step < ports.length; step += 1) {
      const port = ports[(line + step) % ports.length]?.();
      if (port !== undefined) return port;
    }
    return undefined;
  }

  async function send(sequence: number, due: number): Promise<void> {
    const kind = kindOf(sequence);
    const free = freeLine();
    if (!free) {
      tally.count(kind.name, 'unsent');
      return;
    }
    const answer = await free.line.post(free.port, kind.path, kind.body(sequence));
    tally.time(performance.now() - due);
    judge(kind, answer, tally);
  }

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - started) * rate) / 1000);
    for (; sent < due; sent += 1) {
      const work = send(sent, started + (sent * 1000) / rate).finally(() => running.delete(work));
      running.add(work);
    }
  }, 2);

  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
      for (const line of lines) line.close();
    },
  };
}

/** Counts an answer; `kind` says what it should be. */
export function judge(
  kind: Pick<ReviewKind, 'name' | 'verdict' | 'pinned' | 'because'>,
  answer: { readonly status: number; readonly body: string },
  tally: Tally,
): void {
  const { outcome, surprise } = outcomeOf(kind, answer);
  tally.count(kind.name, outcome, surprise?.slice(0, SHOWN));
}

function outcomeOf(
  { verdict, pinned, because }: Pick<ReviewKind, 'verdict' | 'pinned' | 'because'>,
  { status, body }: { readonly status: number; readonly body: string },
): { readonly outcome: keyof Counts; readonly surprise?: string } {
  if (status === 0) return { outcome: 'unanswered' };
  if (status === 503) return { outcome: 'overloaded' };
  if (status !== 200) return { outcome: 'odd', surprise: `status ${status}: ${body}` };
  const { response } = JSON.parse(body) as { response: Answer }; // our own server's
  const isRight = response.allowed === (verdict === 'admit');
  const message = response.status?.message ?? '';
  if (isRight && because !== undefined && !message.includes(because)) {
    const isSafe = DOUBTS.some((words) => message.includes(words));
    return { outcome: isSafe ? 'doubtful' : 'odd', surprise: `not \`${because}\`: ${message}` };
  }
  if (isRight && (pinned === undefined || isPinned(response, pinned))) return { outcome: 'right' };
  const isInDoubt = !response.allowed && DOUBTS.some((words) => message.includes(words));
  return isInDoubt ? { outcome: 'doubtful', surprise: message } : { outcome: 'wrong', surprise: body };
}

interface Answer {
  readonly allowed: boolean;
  readonly status?: { readonly message: string };
  readonly patch?: string;
}

const SHOWN = 600;
/** What refusals say when something could not be found out. */
const DOUBTS = ['in time', 'timed out', 'timed-out', 'did not answer', 'could not be reached'];

function isPinned({ patch }: Answer, digest: string): boolean {
  return patch !== undefined && Buffer.from(patch, 'base64').toString().includes(digest);
}
