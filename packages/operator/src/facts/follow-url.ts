import { X509Certificate } from 'node:crypto';
import type { Json } from '@vouchsafe/engine/kernel';
import { type Answer, callUrl } from './call-url.ts';
import type { HttpRules } from './http-rules.ts';

/** What a policy asks of a URL, by `http.Get` of an expression or by an `apiCall`. */
export interface FollowedCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM. */
  readonly caBundle?: string;
  /** What a POST sends as JSON. */
  readonly data?: Json;
}

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
 * The answer of the last URL that redirects lead to. A POST is not sent again: its redirect is the answer. Rejects when a URL may not
 * be called, and when none answers.
 */
export async function followUrl(
  { method, url, headers, data, caBundle }: FollowedCall,
  rules: HttpRules,
  signal: AbortSignal,
): Promise<Answer> {
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

function sentHeaders(headers: FollowedCall['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase())));
}

/** Whether a text is a certificate in PEM. */
export function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
