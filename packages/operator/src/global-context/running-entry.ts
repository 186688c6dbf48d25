import type { GlobalValue } from './global-value.ts';

/** An entry that keeps its value up to date until it is stopped. */
export interface RunningEntry extends GlobalValue {
  /** Resolves when it has its first value, or has failed to get one; it then goes on trying. */
  readonly settled: Promise<void>;
  stop(): Promise<void>;
}

export interface EntryProgress {
  /** Told of each refresh, and of a collection that is known. */
  readonly onSuccess: () => void;
  readonly onFailure: (message: string) => void;
}
