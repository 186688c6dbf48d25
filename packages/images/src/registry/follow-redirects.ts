import type { Answer, Connections, Exchange } from './connections.ts';
import { RegistryFailure } from './registry-failure.ts';

const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a GET or HEAD and goes where it is sent, at most `maximum` times. Credentials go to the first host only, TLS is
 * never given up on the way, and each target passes the same address guard as the first.
 */
export async function followRedirects(
  connections: Connections,
  request: Exchange,
  maximum: number,
  signal: AbortSignal,
): Promise<Answer> {
  let current = request;
  for (let hops = 0; ; hops += 1) {
    const answer = await connections.exchange(current, signal);
    const location = redirectStatuses.has(answer.status) ? answer.header('location') : undefined;
    if (location === undefined) return answer;
    if (hops >= maximum) {
      throw new RegistryFailure('permanent', `registry \`${request.url.host}\` redirected more than ${maximum} times`);
    }
    current = redirected(current, location);
  }
}

function redirected(from: Exchange, location: string): Exchange {
  const refuse = (why: string): RegistryFailure =>
    new RegistryFailure('permanent', `registry \`${from.url.host}\` sent a redirect that ${why}`);
  const url = URL.parse(location, from.url.href);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) throw refuse('is not an http URL');
  if (url.protocol === 'http:' && from.url.protocol === 'https:') throw refuse('gives up TLS');
  if (url.username !== '' || url.password !== '') throw refuse('holds credentials');
  if (url.origin === from.url.origin) return { ...from, url };
  const { authorization: _dropped, ...headers } = from.headers;
  return { ...from, url, headers, insecure: false };
}
