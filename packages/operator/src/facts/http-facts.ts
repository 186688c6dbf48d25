import type { Cancellation, Fact, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import type { Answer } from './call-url.ts';
import { followUrl, isCertificate, reasonOf } from './follow-url.ts';
import type { HttpRules } from './http-rules.ts';

type HttpCall = Extract<FactRequest, { readonly kind: 'http-call' }>;

/** Milliseconds one call may take, redirects with it. */
const TIMEOUT_MS = 10_000;

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
    const result = await followUrl(call, rules, signal);
    return { ok: true, value: { status: result.status, ...parseBody(result) } };
  } catch (error) {
    const message = signal.aborted ? 'the answer did not come in time' : reasonOf(error);
    return failure(signal.aborted ? 'timed-out' : 'permanent', message);
  }
}

function parseBody({ text }: Answer): { readonly body?: Json } {
  try {
    return { body: JSON.parse(text) };
  } catch {
    return {}; // no JSON: the body is null to expressions
  }
}

function failure(kind: 'denied' | 'permanent' | 'timed-out', message: string): Fact<Json> {
  return { ok: false, class: kind, message };
}
