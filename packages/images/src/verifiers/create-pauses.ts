import { setImmediate as turn } from 'node:timers/promises';
import { steadyMs } from './steady-ms.ts';

/** Milliseconds that one thing may keep others waiting. */
const LONG_MS = 10;

/** Where the next one that pauses goes on: behind those that paused before. */
let queue: Promise<void> = Promise.resolve();

/**
 * To be awaited between two steps of work whose length others choose: lets the event loop go on when the last pause was a
 * while ago. Those that pause at the same time go on one a turn, so that a hundred of them keep short work waiting no longer
 * than one does.
 */
export function createPauses(): () => Promise<void> {
  let last = steadyMs();
  return async () => {
    if (steadyMs() - last < LONG_MS) return;
    queue = queue.then(() => turn());
    await queue;
    last = steadyMs();
  };
}
