import { isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';
import type { Answer } from '../registry/connections.ts';
import { RegistryFailure } from '../registry/registry-failure.ts';

/** The JSON object a service answered with; what it says otherwise is not passed on, it may hold secrets. */
export function readJson(answer: Answer, what: string): JsonObject {
  checkAnswer(answer, what);
  try {
    // JSON.parse gives exactly the Json type.
    const document = JSON.parse(Buffer.from(answer.body).toString('utf8')) as Json;
    if (isJsonObject(document)) return document;
  } catch {
    // Said below.
  }
  throw new RegistryFailure('transient', `${what} gave an answer that cannot be read`);
}

/** Refusals are `denied`, everything else that is no success `transient`. */
export function checkAnswer({ status }: Answer, what: string): void {
  if (status === 200) return;
  const isRefused = status === 400 || status === 401 || status === 403;
  throw new RegistryFailure(isRefused ? 'denied' : 'transient', `${what} gave no registry credentials (${status})`);
}

/** A text member that may stand in a header. */
export function readToken(document: JsonObject, key: string, what: string): string {
  const token = member(document, key);
  if (typeof token === 'string' && /^[\x21-\x7e]{1,65536}$/.test(token)) return token;
  throw new RegistryFailure('transient', `${what} gave an answer without a token`);
}

/** Seconds a token lasts, given as a number or as text; five minutes when it is not said. */
export function readLifetime(document: JsonObject, key = 'expires_in'): number {
  const seconds = Number(member(document, key));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 300;
}
