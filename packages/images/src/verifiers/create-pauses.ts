import { setImmediate as turn } from 'node:timers/promises';

/** Milliseconds that one thing may keep others waiting. */
const LONG_MS = 10;

/**
 * To be awaited between two steps of work whose length others choose: lets the event loop go on when the last pause was a
 * while ago.
 */
export function createPauses(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < LONG_MS) return;
    await turn();
    last = performance.now();
  };
}
