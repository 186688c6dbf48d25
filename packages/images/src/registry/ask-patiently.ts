import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './connections.ts';
import { RegistryFailure } from './registry-failure.ts';

/** What a wait is bounded by. */
export interface Patience {
  readonly host: string;
  /** The longest wait, in milliseconds. */
  readonly maximumMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks, and once more after the wait that a busy service (429, 503) asks for: seconds or a date (RFC 9110 §10.2.3), a second
 * when it does not say. A longer wait than allowed is a failure at once.
 */
export async function askPatiently(ask: () => Promise<Answer>, patience: Patience): Promise<Answer> {
  const answer = await ask();
  if (answer.status !== 429 && answer.status !== 503) return answer;
  const { host, maximumMs, signal } = patience;
  const wait = waitOf(answer.header('retry-after'));
  if (wait > maximumMs) {
    const seconds = Math.ceil(wait / 1000);
    throw new RegistryFailure(
      'transient',
      `registry \`${host}\` answered ${answer.status}, asking to wait ${seconds} s`,
    );
  }
  await delay(wait, undefined, { signal }).catch(() => {
    throw new RegistryFailure('timed-out', `registry \`${host}\` did not answer in time`);
  });
  return ask();
}

/** Milliseconds. */
function waitOf(header: string | undefined): number {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2},/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 1000 : Math.max(date - Date.now(), 0);
}
