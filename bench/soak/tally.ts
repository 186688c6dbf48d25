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
  /** No answer: the replica was away, or closed the connection. */
  unanswered: number;
  /** Any other status. */
  odd: number;
}

/** Counts by kind of request, the first surprises in words, and a sample of latencies in milliseconds. */
export interface Tally {
  count(kind: string, outcome: keyof Counts, surprise?: string): void;
  time(milliseconds: number): void;
  readonly kinds: ReadonlyMap<string, Counts>;
  readonly surprises: readonly string[];
  total(outcome: keyof Counts): number;
  percentile(share: number): number;
}

const MAX_SURPRISES = 20;
const BUCKETS_A_MILLISECOND = 10;
const MAX_MILLISECONDS = 20_000;

export function createTally(): Tally {
  const kinds = new Map<string, Counts>();
  const surprises: string[] = [];
  const buckets = new Uint32Array(MAX_MILLISECONDS * BUCKETS_A_MILLISECOND + 1);
  let timed = 0;
  return {
    kinds,
    surprises,
    count(kind, outcome, surprise) {
      const counts = kinds.get(kind) ?? { right: 0, wrong: 0, doubtful: 0, overloaded: 0, unanswered: 0, odd: 0 };
      kinds.set(kind, counts);
      counts[outcome] += 1;
      if (surprise !== undefined && surprises.length < MAX_SURPRISES) surprises.push(`${kind}: ${surprise}`);
    },
    time(milliseconds) {
      const bucket = Math.min(buckets.length - 1, Math.floor(milliseconds * BUCKETS_A_MILLISECOND));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      timed += 1;
    },
    total: (outcome) => [...kinds.values()].reduce((sum, counts) => sum + counts[outcome], 0),
    percentile(share) {
      let left = timed * share;
      for (const [bucket, count] of buckets.entries()) {
        left -= count;
        if (left <= 0) return bucket / BUCKETS_A_MILLISECOND;
      }
      return MAX_MILLISECONDS;
    },
  };
}
