import { type Logger, messageOf } from '../settings/logger.ts';

/** Milliseconds that one part may take to stop; the next goes on after it. */
const STOP_STEP_MS = 6_000;

/** Stops one part after the other. One that fails or hangs is told, and keeps no other from stopping. */
export async function stopParts(stops: readonly (() => Promise<void>)[], log: Logger): Promise<void> {
  for (const stop of stops) {
    await within(STOP_STEP_MS, stop()).catch((error: unknown) =>
      log.warn({ error: messageOf(error) }, 'a part did not stop cleanly'),
    );
  }
}

function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<void>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${ms} ms`)), ms);
  });
  return Promise.race([work, overdue]).finally(() => clearTimeout(timer));
}
