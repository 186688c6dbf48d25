import type { StoreEvent } from './resource-store.ts';

/** The recent changes of one storage, oldest first, bounded. */
export interface EventLog {
  /** Every change after this revision is still known. */
  readonly oldest: number;
  append(event: StoreEvent): void;
  /** Changes with a higher revision; undefined when some were forgotten. */
  after(revision: number): readonly StoreEvent[] | undefined;
}

/** Creates a log that keeps at least `capacity` changes and knows all of them since `oldest`. */
export function createEventLog(capacity: number, oldest: number): EventLog {
  let events: StoreEvent[] = [];
  let known = oldest;
  return {
    get oldest() {
      return known;
    },
    append(event) {
      events.push(event);
      // Trimming in halves costs one copy per `capacity` changes.
      if (events.length >= capacity * 2) {
        known = events[capacity - 1]?.revision ?? known;
        events = events.slice(capacity);
      }
    },
    after(revision) {
      return revision < known ? undefined : events.slice(firstAfter(events, revision));
    },
  };
}

function firstAfter(events: readonly StoreEvent[], revision: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.revision ?? 0) <= revision) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
