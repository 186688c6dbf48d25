import { describe, expect, it } from 'vitest';
import type { AdmissionRequest } from './review.ts';
import type { ReviewHandler, ReviewRoute } from './review-handler.ts';
import { createRouter, type RouterOptions } from './router.ts';

const body = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u1', kind: { group: '', version: 'v1', kind: 'Pod' }, operation: 'CREATE', object: {} },
});

function setUp(part: Partial<RouterOptions> = {}) {
  const calls: string[] = [];
  const errors: string[] = [];
  const note = (name: string) => (_: AdmissionRequest, route?: ReviewRoute) => {
    calls.push([name, route?.failurePolicy, route?.policy].filter(Boolean).join(' '));
    return { allowed: true };
  };
  const handler: ReviewHandler = {
    mutate: async (request, route) => note('mutate')(request, route),
    validate: async (request, route) => note('validate')(request, route),
    guard: note('guard'),
  };
  const silent = () => {};
  const route = createRouter({
    handler,
    validatePolicy: note('policy'),
    validateException: note('exception'),
    validateGlobalContext: note('global context'),
    isLoaded: () => true,
    log: { debug: silent, info: silent, warn: silent, error: (fields) => errors.push(JSON.stringify(fields)) },
    ...part,
  });
  const call = (path: string, text = body) =>
    route({ path, body: text, timeoutSeconds: 10, signal: () => new AbortController().signal });
  return { call, calls, errors };
}

describe('the router', () => {
  it.each([
    ['/mutate/fail', 'mutate Fail'],
    ['/mutate/ignore', 'mutate Ignore'],
    ['/mutate/guard', 'guard'],
    ['/validate/fail', 'validate Fail'],
    ['/validate/ignore', 'validate Ignore'],
    ['/mutate/fail/finegrained/p', 'mutate Fail p'],
    ['/validate/ignore/finegrained/team-a/p', 'validate Ignore team-a/p'],
    ['/policyvalidate', 'policy'],
    ['/exceptionvalidate', 'exception'],
    ['/globalcontextvalidate', 'global context'],
  ])('%s', async (path, expected) => {
    const { call, calls } = setUp();
    const reply = await call(path);
    expect(calls).toEqual([expected]);
    expect(JSON.parse(reply.body)).toMatchObject({ response: { uid: 'u1', allowed: true } });
  });

  it('/policymutate changes nothing', async () => {
    const reply = await setUp().call('/policymutate');
    expect(JSON.parse(reply.body).response).toEqual({ uid: 'u1', allowed: true });
  });

  it.each([
    '/',
    '/mutate',
    '/mutate/fail/',
    '/constructor',
    '/__proto__',
    '/mutate/fail/finegrained',
    '/mutate/fail/finegrained/',
    '/mutate/fail/finegrained/a/b/c',
    '/mutate/constructor/finegrained/a',
    '/guard/fail/finegrained/a',
    '/mutate/fail/other/a',
  ])('%s is unknown', async (path) => {
    const { call, calls } = setUp();
    expect(await call(path)).toMatchObject({ status: 404 });
    expect(calls).toEqual([]);
  });

  it('half a document is no review', async () => {
    const { call, calls } = setUp();
    expect(await call('/validate/fail', body.slice(0, -3))).toMatchObject({ status: 400 });
    expect(calls).toEqual([]);
  });

  it('nothing is let through before the policies are known', async () => {
    const { call, calls } = setUp({ isLoaded: () => false });
    expect(await call('/validate/fail')).toMatchObject({ status: 503 });
    expect(await call('/mutate/ignore')).toMatchObject({ status: 503 });
    expect(calls).toEqual([]);
  });

  it('a bug is told to us and not to the caller; the API server applies the failurePolicy', async () => {
    const bug = () => {
      throw new Error('the inner workings');
    };
    const { call, errors } = setUp({ handler: { mutate: bug, validate: bug, guard: bug } });
    expect(await call('/validate/fail')).toEqual({ status: 500, body: 'internal error\n', contentType: 'text/plain' });
    expect(errors[0]).toContain('the inner workings');
    expect(errors[0]).toContain('u1');
  });
});
