import { readFile } from 'node:fs/promises';
import type { Cancellation, Fact, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { type Answer, MAX_RESPONSE_BYTES, TooLong } from './call-url.ts';
import { type FollowedCall, followUrl, isCertificate, reasonOf } from './follow-url.ts';
import type { HttpRules } from './http-rules.ts';

type ServiceCall = Extract<FactRequest, { readonly kind: 'service-call' }>;

export interface ServiceFactOptions {
  /** Milliseconds one call may take, redirects with it (`--apiCallTimeout`). */
  readonly timeoutMs: number;
  /** A file with a token of an audience of its own, for calls without `Authorization`; none is sent when it is not there. */
  readonly tokenFile?: string | undefined;
}

/** Characters of a body that a failure shows. */
const SHOWN = 500;

/**
 * Answers `apiCall.service` of context entries and of GlobalContextEntries (kyverno-core §2.4). An answer is one of status
 * 2xx that is JSON. What may be called is what expressions may call.
 */
export function createServiceFacts(rules: HttpRules, options: ServiceFactOptions): FactSource {
  return {
    kinds: new Set(['service-call']),
    fetch: (requests, cancellation) =>
      Promise.all(requests.map((request) => answer(request as ServiceCall, rules, options, cancellation))), // `kinds` lets no other through
  };
}

async function answer(
  { method, url, headers, caBundle, data }: ServiceCall,
  rules: HttpRules,
  { timeoutMs, tokenFile }: ServiceFactOptions,
  cancellation: Cancellation | undefined,
): Promise<Fact<Json>> {
  if (caBundle !== undefined && !isCertificate(caBundle)) return failure('failed to parse PEM CA bundle for APICall');
  const timeout = AbortSignal.timeout(timeoutMs);
  // Shells hand in AbortSignals; the engine has no type for them.
  const signal = cancellation ? AbortSignal.any([timeout, cancellation as AbortSignal]) : timeout;
  const call: FollowedCall = {
    method,
    url,
    headers: await withToken(joined(headers), tokenFile),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(data === undefined ? {} : { data }),
  };
  try {
    return toFact(await followUrl(call, rules, signal));
  } catch (error) {
    if (error instanceof TooLong) {
      return failure(`response length must be less than max allowed response length of ${MAX_RESPONSE_BYTES}`);
    }
    if (!signal.aborted) return failure(`failed to execute HTTP request for APICall: ${reasonOf(error)}`);
    return {
      ok: false,
      class: 'timed-out',
      message: 'failed to execute HTTP request for APICall: the answer did not come in time',
    };
  }
}

function toFact({ status, statusText, text }: Answer): Fact<Json> {
  if (status < 200 || status >= 300) return failure(`HTTP ${status} ${statusText}: ${text.trim().slice(0, SHOWN)}`);
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return failure('the answer of the service is no JSON');
  }
}

/** A header that is given twice is sent with both values. */
function joined(headers: ServiceCall['headers']): Readonly<Record<string, string>> {
  const all = new Map<string, string>();
  for (const { key, value } of headers) {
    const name = key.toLowerCase();
    const before = all.get(name);
    all.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(all);
}

async function withToken(
  headers: Readonly<Record<string, string>>,
  file: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (file === undefined || headers['authorization']) return headers;
  const token = await readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  return token === '' ? headers : { ...headers, authorization: `Bearer ${token}` };
}

function failure(message: string): Fact<Json> {
  return { ok: false, class: 'permanent', message };
}
