import { X509Certificate } from 'node:crypto';
import type { Cancellation, Fact, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { type Answer, callUrl } from './call-url.ts';
import type { HttpRules } from './http-rules.ts';

type HttpCall = Extract<FactRequest, { readonly kind: 'http-call' }>;

/** Milliseconds one call may take, redirects with it. */
const TIMEOUT_MS = 10_000;
const REDIRECTS = 5;
/** Hop-by-hop, or told by the URL and the body: what a policy writes there is not sent. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Answers `http.Get` and `http.Post` of expressions. Any status is an answer. Which hosts may be called is checked on the
 * URL, on that of every redirect, and on the address when it is connected to, so that no name can lead elsewhere later.
 */
export function createHttpFacts(rules: HttpRules): FactSource {
  return {
    kinds: new Set(['http-call']),
    fetch: (requests, cancellation) =>
      Promise.all(requests.map((request) => answer(request as HttpCall, rules, cancellation))), // `kinds` lets no other through
  };
}

async function answer(call: HttpCall, rules: HttpRules, cancellation: Cancellation | undefined): Promise<Fact<Json>> {
  if (call.policyNamespace !== undefined && !rules.namespacedPolicies) {
    const hint = 'set --allowHTTPInNamespacedPolicies to enable';
    return failure('denied', `http calls are not allowed in namespaced policies: ${hint}`);
  }
  if (call.caBundle !== undefined && !isCertificate(call.caBundle)) {
    return failure('permanent', 'failed to parse PEM CA bundle for APICall');
  }
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  // Shells hand in AbortSignals; the engine has no type for them.
  const signal = cancellation ? AbortSignal.any([timeout, cancellation as AbortSignal]) : timeout;
  try {
    const result = await follow(call, rules, signal);
    return { ok: true, value: { status: result.status, ...parseBody(result) } };
  } catch (error) {
    const message = signal.aborted ? 'the answer did not come in time' : reasonOf(error);
    return failure(signal.aborted ? 'timed-out' : 'permanent', message);
  }
}

/** The answer of the last URL. A POST is not sent again: its redirect is the answer. */
async function follow({ method, url, headers, data, caBundle }: HttpCall, rules: HttpRules, signal: AbortSignal) {
  let target = URL.parse(url);
  let sent = sentHeaders(headers);
  for (let hop = 0; ; hop += 1) {
    if (!target) throw new Error(`\`${url}\` is no URL`);
    const refusal = rules.refusal(target);
    if (refusal !== undefined) throw new Error(refusal);
    const body = data === undefined ? undefined : JSON.stringify(data);
    const result = await callUrl({ method, url: target, headers: sent, body, caBundle, signal }, rules);
    const next =
      method === 'GET' && result.location !== undefined ? URL.parse(result.location, target.href) : undefined;
    if (!next) return result;
    if (hop === REDIRECTS) throw new Error(`request failed: stopped after ${REDIRECTS} redirects`);
    // What is meant for one host, a token above all, is not told another.
    if (next.origin !== target.origin) sent = {};
    target = next;
  }
}

function sentHeaders(headers: HttpCall['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase())));
}

function parseBody({ text }: Answer): { readonly body?: Json } {
  try {
    return { body: JSON.parse(text) };
  } catch {
    return {}; // no JSON: the body is null to expressions
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failure(kind: 'denied' | 'permanent' | 'timed-out', message: string): Fact<Json> {
  return { ok: false, class: kind, message };
}
