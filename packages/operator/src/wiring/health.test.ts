import { afterEach, describe, expect, it, vi } from 'vitest';
import { renewCertificates } from '../certs/renew-certificates.ts';
import { certificateProblem, createHealth } from './health.ts';
import { startHeartbeat } from './heartbeat.ts';

describe('health', () => {
  let problem: string | undefined;
  const health = createHealth({
    live: [{ name: 'event-loop', problem: () => undefined }],
    ready: [
      { name: 'certificates', problem: () => undefined },
      { name: 'webhooks', problem: () => problem },
    ],
  });
  afterEach(() => {
    problem = undefined;
  });

  it('says nothing while all is well', () => {
    for (const path of ['/livez', '/health/liveness', '/readyz', '/healthz', '/health/readiness']) {
      expect(health(path, '')).toMatchObject({ status: 200, body: '' });
    }
    expect(health('/etc', '')).toBeUndefined();
  });

  it('lists its checks when asked', () => {
    expect(health('/readyz', 'verbose')?.body).toBe('[+]certificates ok\n[+]webhooks ok\nreadyz check passed\n');
    expect(health('/livez', 'a=b&verbose=1')?.body).toBe('[+]event-loop ok\nlivez check passed\n');
    expect(health('/readyz', 'verbosely')?.body).toBe('');
  });

  it('tells which one failed, asked or not; liveness is another matter', () => {
    problem = 'the webhooks are not registered yet';
    expect(health('/readyz', '')).toMatchObject({
      status: 500,
      body: '[+]certificates ok\n[-]webhooks failed: the webhooks are not registered yet\nreadyz check failed\n',
    });
    expect(health('/livez', '')).toMatchObject({ status: 200 });
  });
});

describe('the serving certificate', () => {
  const begin = new Date('2026-01-01T00:00:00Z');
  const names = { serviceName: 's', namespace: 'n', serverIP: undefined };
  const { certificate } = renewCertificates({ authority: undefined, serving: undefined }, names, begin).serving;

  it.each<[string, string, Date, RegExp | undefined]>([
    ['good', certificate, begin, undefined],
    ['at its end', certificate, new Date('2026-06-01T00:00:00Z'), /ended at 2026-05-31/],
    ['from the future', certificate, new Date('2025-01-01T00:00:00Z'), /begins at 2025-12-31/],
    ['no certificate', 'nonsense', begin, /cannot be read/],
    ['absent', '', begin, /cannot be read/],
  ])('%s', (_, pem, now, expected) => {
    const problem = certificateProblem(pem, now);
    if (expected) expect(problem).toMatch(expected);
    else expect(problem).toBeUndefined();
  });
});

describe('the heartbeat', () => {
  afterEach(() => vi.useRealTimers());

  it('notices a standstill, also when it is over before anyone could ask', () => {
    vi.useFakeTimers();
    let time = 0;
    const heartbeat = startHeartbeat({ clock: () => time });
    const beat = (at: number) => {
      time = at;
      vi.advanceTimersByTime(1_000);
    };
    for (let second = 1; second <= 60; second += 1) beat(second * 1000);
    expect(heartbeat.problem()).toBeUndefined();
    time = 85_000;
    expect(heartbeat.problem()).toBeUndefined();
    time = 91_000;
    expect(heartbeat.problem()).toBe('the event loop stood still for 31 s');
    beat(95_000);
    expect(heartbeat.problem()).toBe('the event loop stood still for 35 s');
    for (let second = 96; second <= 125; second += 1) beat(second * 1000);
    expect(heartbeat.problem()).toBeDefined();
    beat(126_000);
    expect(heartbeat.problem()).toBeUndefined();
    heartbeat.stop();
  });

  it('really beats', async () => {
    const heartbeat = startHeartbeat({ intervalMs: 5, toleranceMs: 100 });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(heartbeat.problem()).toBeUndefined();
    const end = performance.now() + 150;
    while (performance.now() < end); // nobody gets a turn
    expect(heartbeat.problem()).toMatch(/stood still/);
    heartbeat.stop();
  });
});
