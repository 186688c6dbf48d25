/** What a review must be answered with. */
export type Verdict = 'admit' | 'refuse';

/** How requests of one kind ended. */
export interface Counts {
  right: number;
  /** The other verdict. One is too many. */
  wrong: number;
  /** Refused although it should be admitted, because something could not be found out in time: safe, and told. */
  doubtful: number;
  /** 503: the API server applies the failurePolicy. */
  overloaded: number;
  /** No answer: the replica ended with it, or closed the connection. */
  unanswered: number;
  /** Not sent: no replica was there, or all connections waited for answers. */
  unsent: number;
  /** Any other status. */
  odd: number;
}

/** Counts by kind of request, the first surprises in words, and latencies in milliseconds. */
export interface Tally {
  count(kind: string, outcome: keyof Counts, surprise?: string): void;
  time(milliseconds: number): void;
  snapshot(): TallySnapshot;
}

/** Plain JSON: clients are processes of their own. */
export interface TallySnapshot {
  readonly kinds: Readonly<Record<string, Counts>>;
  readonly surprises: readonly string[];
  /** Undefined when nothing was timed. */
  readonly latency: { readonly p50: number; readonly p99: number } | undefined;
}

const OUTCOMES = ['right', 'wrong', 'doubtful', 'overloaded', 'unanswered', 'unsent', 'odd'] as const;
const MAX_SURPRISES = 20;
const BUCKETS_A_MILLISECOND = 10;
const MAX_MILLISECONDS = 20_000;

export function createTally(): Tally {
  const kinds = new Map<string, Counts>();
  const surprises: string[] = [];
  const buckets = new Uint32Array(MAX_MILLISECONDS * BUCKETS_A_MILLISECOND + 1);
  let timed = 0;

  function percentile(share: number): number {
    let left = timed * share;
    for (const [bucket, count] of buckets.entries()) {
      left -= count;
      if (left <= 0) return bucket / BUCKETS_A_MILLISECOND;
    }
    return MAX_MILLISECONDS;
  }

  return {
    count(kind, outcome, surprise) {
      const counts = kinds.get(kind) ?? noCounts();
      kinds.set(kind, counts);
      counts[outcome] += 1;
      if (surprise !== undefined && surprises.length < MAX_SURPRISES) surprises.push(`${kind}: ${surprise}`);
    },
    time(milliseconds) {
      const bucket = Math.min(buckets.length - 1, Math.floor(milliseconds * BUCKETS_A_MILLISECOND));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      timed += 1;
    },
    snapshot: () => ({
      kinds: Object.fromEntries(kinds),
      surprises,
      latency: timed === 0 ? undefined : { p50: percentile(0.5), p99: percentile(0.99) },
    }),
  };
}

function noCounts(): Counts {
  return { right: 0, wrong: 0, doubtful: 0, overloaded: 0, unanswered: 0, unsent: 0, odd: 0 };
}

/** One of several; kinds of the same name are added up, the first latencies are taken. */
export function combineTallies(parts: readonly TallySnapshot[]): TallySnapshot {
  const kinds: Record<string, Counts> = {};
  for (const [name, counts] of parts.flatMap((part) => Object.entries(part.kinds))) {
    const sum = kinds[name] ?? noCounts();
    kinds[name] = sum;
    for (const outcome of OUTCOMES) sum[outcome] += counts[outcome];
  }
  return {
    kinds,
    surprises: parts.flatMap(({ surprises }) => surprises),
    latency: parts.find(({ latency }) => latency !== undefined)?.latency,
  };
}

export function totalOf({ kinds }: TallySnapshot, outcome: keyof Counts): number {
  return Object.values(kinds).reduce((sum, counts) => sum + counts[outcome], 0);
}
