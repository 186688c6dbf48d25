import { describe, expect, it } from 'vitest';
import type { Answer, Connections, Exchange } from './connections.ts';
import { followRedirects } from './follow-redirects.ts';

/** Connections that answer from a table of redirects and note what was sent. */
function recordedConnections(redirects: Record<string, string>): { connections: Connections; sent: Exchange[] } {
  const sent: Exchange[] = [];
  const connections: Connections = {
    async exchange(request): Promise<Answer> {
      sent.push(request);
      const location = redirects[request.url.href];
      const values = location === undefined ? [] : [location];
      return {
        status: location === undefined ? 200 : 307,
        url: request.url,
        header: () => values[0],
        headers: () => values,
        body: new Uint8Array(),
      };
    },
    close: async () => undefined,
  };
  return { connections, sent };
}

const request: Exchange = {
  url: new URL('https://registry.test/v2/a/blobs/x'),
  method: 'GET',
  headers: { authorization: 'Bearer secret', accept: '*/*' },
  maximumBytes: 10,
  ca: 'CA',
  insecure: true,
  loopbackHost: undefined,
};

const follow = (redirects: Record<string, string>) => {
  const { connections, sent } = recordedConnections(redirects);
  return followRedirects(connections, request, 5, AbortSignal.timeout(1000)).then(
    () => sent,
    (error: unknown) => Promise.reject(error),
  );
};

describe('followRedirects', () => {
  it('keeps credentials on the same host', async () => {
    const sent = await follow({ 'https://registry.test/v2/a/blobs/x': '/elsewhere' });
    expect(sent[1]).toMatchObject({ headers: { authorization: 'Bearer secret' }, insecure: true });
  });

  it.each([
    ['another host', 'https://cdn.test/x'],
    ['another port', 'https://registry.test:444/x'],
    ['a host the name is a prefix of', 'https://registry.test.evil/x'],
    ['a protocol-relative host', '//cdn.test/x'],
  ])('drops credentials and the insecure mark on %s', async (_name, location) => {
    const sent = await follow({ 'https://registry.test/v2/a/blobs/x': location });
    expect(sent[1]?.headers).toEqual({ accept: '*/*' });
    expect(sent[1]?.insecure).toBe(false);
  });

  it('does not give them back when the way leads home', async () => {
    const sent = await follow({
      'https://registry.test/v2/a/blobs/x': 'https://cdn.test/x',
      'https://cdn.test/x': 'https://registry.test/y',
    });
    expect(sent[2]?.headers).toEqual({ accept: '*/*' });
  });

  it.each([
    ['http://registry.test/x', 'gives up TLS'],
    ['https://user:pw@registry.test/x', 'holds credentials'],
    ['javascript:alert(1)', 'not an http URL'],
    ['https://', 'not an http URL'],
  ])('refuses %s', async (location, why) => {
    await expect(follow({ 'https://registry.test/v2/a/blobs/x': location })).rejects.toThrow(why);
  });
});
