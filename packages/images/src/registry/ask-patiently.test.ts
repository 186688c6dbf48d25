import { describe, expect, it } from 'vitest';
import { askPatiently } from './ask-patiently.ts';
import type { Answer } from './connections.ts';

function answerOf(status: number, retryAfter?: string): Answer {
  const value = (name: string) => (name === 'retry-after' ? retryAfter : undefined);
  return { status, url: new URL('https://registry.test/'), header: value, headers: () => [], body: Buffer.alloc(0) };
}

/** How often it asks, and what comes of it. */
async function ask(answers: readonly Answer[], signal = AbortSignal.timeout(5000)) {
  let asked = 0;
  const next = async () => answers[Math.min(asked++, answers.length - 1)] ?? answerOf(200);
  const patience = { host: 'registry.test', maximumMs: 1500, signal };
  const end = await askPatiently(next, patience).then(
    ({ status }) => String(status),
    (error: Error) => error.message,
  );
  return { asked, end };
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

describe('a service that is busy', () => {
  it.each<[string, string | undefined]>([
    ['seconds', '0'],
    ['parts of a second', '0.01'],
    ['a date', inSeconds(0)],
    ['a date that has passed', 'Wed, 21 Oct 2015 07:28:00 GMT'],
    ['nothing', undefined],
    ['nonsense', 'soon'],
    ['a wait below zero', '-5'],
  ])('is asked once more after %s', async (_name, header) => {
    expect(await ask([answerOf(429, header), answerOf(200)])).toEqual({ asked: 2, end: '200' });
  });

  it('is not asked a third time', async () => {
    expect(await ask([answerOf(503, '0')])).toEqual({ asked: 2, end: '503' });
  });

  it.each([
    ['3600', 'asking to wait 3600 s'],
    [inSeconds(90), 'asking to wait'],
  ])('is not waited for too long: %s', async (header, why) => {
    const { asked, end } = await ask([answerOf(429, header)]);
    expect([asked, end]).toEqual([1, expect.stringContaining(why)]);
  });

  it('is not waited for beyond the end of the question', async () => {
    expect((await ask([answerOf(429, '1')], AbortSignal.timeout(20))).end).toContain('in time');
  });
});
