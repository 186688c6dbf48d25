import { describe, expect, it } from 'vitest';
import { type AuthorizationTarget, createAuthorizer } from './authorizer.ts';
import type { Answer, Connections, Exchange } from './connections.ts';

const target: AuthorizationTarget = {
  origin: 'https://registry.test',
  host: 'registry.test',
  repository: 'team/app',
  credential: { kind: 'password', username: 'ann', password: 'secret' },
  ca: undefined,
  insecure: true,
  loopbackHost: undefined,
  actions: 'pull',
};

function answerOf(status: number, headers: Record<string, string>, body = ''): Answer {
  const values = (name: string): string[] => (headers[name] === undefined ? [] : [headers[name]]);
  return {
    status,
    url: new URL('https://registry.test/'),
    header: (name) => values(name)[0],
    headers: values,
    body: Buffer.from(body),
  };
}

/** An authorizer over a token service that gives what it is told, and what was asked of it. */
function recorded(token: Answer, ...before: Answer[]) {
  const sent: Exchange[] = [];
  const connections: Connections = {
    exchange: async (request) => {
      sent.push(request);
      return before.shift() ?? token;
    },
    close: async () => undefined,
  };
  return { authorizer: createAuthorizer(connections, 'test', { retryAfterMs: 100, exchangeMs: 1000 }), sent };
}

const challenge = (text: string) => answerOf(401, { 'www-authenticate': text });
const good = answerOf(200, {}, '{"token":"t0k","expires_in":300}');
const signal = AbortSignal.timeout(1000);

describe('the authorizer', () => {
  it('asks the realm for reading one repository, whatever the registry names', async () => {
    const { authorizer, sent } = recorded(good);
    const asked = challenge('Bearer realm="https://auth.test/token?a=b",service="s",scope="repository:*:push,delete"');
    expect(await authorizer.answer(target, asked, signal)).toBe('Bearer t0k');
    const [request] = sent;
    expect(Object.fromEntries(request?.url.searchParams ?? [])).toEqual({
      a: 'b',
      scope: 'repository:team/app:pull',
      service: 's',
    });
    expect(request).toMatchObject({ method: 'GET', insecure: false });
    expect(authorizer.remembered(target)).toBe('Bearer t0k');
    expect(authorizer.remembered({ ...target, credential: undefined })).toBeUndefined();
    expect(authorizer.remembered({ ...target, repository: 'team/other' })).toBeUndefined();
  });

  it.each([
    ['a realm without TLS', 'Bearer realm="http://auth.test/token"', 'gives up TLS'],
    ['a realm that is no URL', 'Bearer realm="x"', 'not a usable URL'],
    ['a realm with credentials', 'Bearer realm="https://a:b@auth.test/"', 'not a usable URL'],
    ['an unknown scheme', 'Negotiate', 'no known kind'],
  ])('refuses %s and asks nobody', async (_name, text, why) => {
    const { authorizer, sent } = recorded(good);
    await expect(authorizer.answer(target, challenge(text), signal)).rejects.toThrow(why);
    expect(sent).toEqual([]);
  });

  it.each([
    ['refuses', answerOf(401, {}), 'refused the credentials', 'denied'],
    ['is down', answerOf(503, { 'retry-after': '0' }), 'answered 503', 'transient'],
    ['gives none', answerOf(200, {}, '{}'), 'gave no token', 'denied'],
    ['gives a page', answerOf(200, {}, '<html>'), 'gave no token', 'denied'],
    ['gives one that breaks headers', answerOf(200, {}, '{"token":"a\\r\\nb: c"}'), 'gave no token', 'denied'],
  ])('says so when the token service %s', async (_name, token, why, failureClass) => {
    const { authorizer } = recorded(token);
    const answer = authorizer.answer(target, challenge('Bearer realm="https://auth.test/"'), signal);
    await expect(answer).rejects.toMatchObject({ class: failureClass, message: expect.stringContaining(why) });
    await expect(answer).rejects.not.toThrow('secret');
  });

  it('waits once for a token service that is busy', async () => {
    const { authorizer, sent } = recorded(good, answerOf(429, { 'retry-after': '0.01' }));
    const asked = challenge('Bearer realm="https://auth.test/"');
    expect(await authorizer.answer(target, asked, signal)).toBe('Bearer t0k');
    expect(sent).toHaveLength(2);
  });

  it('who waits no longer ends the question for nobody else', async () => {
    const { authorizer, sent } = recorded(good);
    const asked = challenge('Bearer realm="https://auth.test/"');
    const impatient = authorizer.answer(target, asked, AbortSignal.abort());
    const patient = authorizer.answer(target, asked, signal);
    await expect(impatient).rejects.toMatchObject({ class: 'timed-out' });
    expect(await patient).toBe('Bearer t0k');
    expect(sent).toHaveLength(1);
  });

  it('answers Basic with a password, and with nothing else', async () => {
    const { authorizer } = recorded(good);
    const asked = challenge('Basic realm="x"');
    expect(await authorizer.answer(target, asked, signal)).toBe(
      `Basic ${Buffer.from('ann:secret').toString('base64')}`,
    );
    const token = { ...target, credential: { kind: 'identity-token', token: 't' } as const };
    await expect(authorizer.answer(token, asked, signal)).rejects.toThrow('identity token');
    await expect(authorizer.answer({ ...target, credential: undefined }, asked, signal)).rejects.toThrow(
      'wants credentials',
    );
  });
});
