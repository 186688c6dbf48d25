import type { Cancellation } from '@vouchsafe/engine/facts';
import { RegistryFailure } from '../registry/registry-failure.ts';

/**
 * Waits for shared work no longer than the caller does. The work itself goes on, within its own bounds: others may be
 * waiting, and what it finds serves the next try. Rejects `timed-out` when the caller gives up.
 */
export function waitUntilCancelled<Value>(work: Promise<Value>, signal: Cancellation | undefined): Promise<Value> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      work.catch(() => undefined);
      reject(new RegistryFailure('timed-out', 'the answer of the registry was not waited for any longer'));
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
