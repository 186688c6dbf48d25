import { describe, expect, it, vi } from 'vitest';

const sent: { readonly url: string; readonly headers: Record<string, unknown> }[] = [];
vi.mock('undici', async (original) => ({
  ...(await original<typeof import('undici')>()),
  request: async (url: URL, { headers }: { headers: Record<string, unknown> }) => {
    sent.push({ url: String(url), headers });
    return { statusCode: 200, headers: { 'set-cookie': ['a', 'b'], empty: undefined }, body: undefined };
  },
}));

const { createTransport } = await import('./transport.ts');

describe('createTransport', () => {
  it.each([
    ['https://api.example', true],
    ['http://127.0.0.1:8080', true],
    ['http://localhost:8080', true],
    ['http://[::1]:8080', true],
    ['http://api.example', false],
    ['http://127.evil.example', false],
    ['http://localhost.example', false],
  ])('shows the token to %s: %s', async (server, isShown) => {
    const credentials = async () => ({ authorization: 'Bearer t' });
    const transport = createTransport({ server, namespace: 'default', insecureSkipTlsVerify: false, credentials });
    const { signal } = new AbortController();
    const response = await transport.exchange({
      method: 'GET',
      path: '/x',
      headers: {},
      signal,
      refreshCredentials: false,
    });
    expect(sent.at(-1)?.headers['authorization']).toBe(isShown ? 'Bearer t' : undefined);
    expect(response.headers).toEqual({ 'set-cookie': 'a, b' });
    await transport.close();
  });

  it.each(['', 'x', '@evil.example/', ':1/'])('refuses the path `%s`', async (path) => {
    const credentials = async () => ({});
    const transport = createTransport({
      server: 'https://a.example',
      namespace: '',
      insecureSkipTlsVerify: false,
      credentials,
    });
    const { signal } = new AbortController();
    const before = sent.length;
    await expect(
      transport.exchange({ method: 'GET', path, headers: {}, signal, refreshCredentials: false }),
    ).rejects.toMatchObject({ reason: 'InvalidRequest' });
    expect(sent).toHaveLength(before);
    await transport.close();
  });
});
