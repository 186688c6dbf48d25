export interface BackoffOptions {
  readonly initialMilliseconds: number;
  readonly maximumMilliseconds: number;
}

/** Growing delays with jitter: each between half and all of twice the last, up to the maximum. */
export interface Backoff {
  /** Milliseconds to wait now. */
  readonly next: () => number;
  readonly reset: () => void;
}

export function createBackoff({ initialMilliseconds, maximumMilliseconds }: BackoffOptions): Backoff {
  let ceiling = initialMilliseconds;
  return {
    next: () => {
      const delay = ceiling * (0.5 + Math.random() / 2);
      ceiling = Math.min(maximumMilliseconds, ceiling * 2);
      return delay;
    },
    reset: () => {
      ceiling = initialMilliseconds;
    },
  };
}
