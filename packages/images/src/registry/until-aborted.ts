import { RegistryFailure } from './registry-failure.ts';

/** Waits for work of others no longer than the signal says, whether they heed it or not. Rejects `timed-out`. */
export function untilAborted<Value>(work: Promise<Value>, what: string, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new RegistryFailure('timed-out', `${what} was not answered in time`));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
