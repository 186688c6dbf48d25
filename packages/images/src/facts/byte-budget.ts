import { untilAborted } from '../registry/until-aborted.ts';

/** Short evidence waits for nobody: the long one of a few must not keep others from being looked at. */
const SHORT_BYTES = 1024 * 1024;

/** What one piece of work holds of a budget. */
export interface Reservation {
  /** Waits until there is room; in turn. Rejects `timed-out` when the signal aborts before. */
  take(bytes: number): Promise<void>;
  /** Gives everything back. */
  release(): void;
}

/** How many bytes of long evidence are in memory before it is judged: a Pod may name a hundred images of a stranger. */
export class ByteBudget {
  #left: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(most: number) {
    this.#left = most;
  }

  open(signal: AbortSignal): Reservation {
    let held = 0;
    let isOver = false;
    return {
      take: async (bytes) => {
        if (bytes <= SHORT_BYTES) return;
        const taken = this.#take(bytes).then(() => {
          if (isOver) this.#give(bytes);
          else held += bytes;
        });
        await untilAborted(taken, 'the wait for other evidence', signal);
      },
      release: () => {
        isOver = true;
        this.#give(held);
        held = 0;
      },
    };
  }

  #take(bytes: number): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ bytes, go });
      this.#admit();
    });
  }

  #give(bytes: number): void {
    this.#left += bytes;
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#left; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#left -= next.bytes;
      next.go();
    }
  }
}
