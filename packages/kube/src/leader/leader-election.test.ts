import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallOptions, KubeClient } from '../client/kube-client.ts';
import { KubeError } from '../client/kube-error.ts';
import type { KubernetesObject } from '../model/kubernetes-object.ts';
import { type LeaderElection, type LeaderElectionOptions, startLeaderElection } from './leader-election.ts';
import { readLease } from './lease.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What happens to one request: it may be late on either side of its effect, and fail before or after it. */
interface Fate {
  readonly before: number;
  readonly after: number;
  readonly failure: 'none' | 'before' | 'after';
}

const smooth: Fate = { before: 1, after: 1, failure: 'none' };
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** An API server for one Lease with optimistic concurrency; the client side gives up after its time limit. */
function createFakeApi() {
  let stored: KubernetesObject | undefined;
  let version = 0;
  const store = (lease: KubernetesObject): KubernetesObject => {
    version += 1;
    stored = structuredClone({ ...lease, metadata: { ...lease.metadata, resourceVersion: String(version) } });
    return structuredClone(stored);
  };
  const conflict = (reason: string) => new KubeError(409, reason, 'no');
  const effects = {
    get: () => {
      if (stored === undefined) throw new KubeError(404, 'NotFound', 'no');
      return structuredClone(stored);
    },
    create: (lease: KubernetesObject) => {
      if (stored !== undefined) throw conflict('AlreadyExists');
      return store(lease);
    },
    update: (lease: KubernetesObject) => {
      if (stored === undefined) throw new KubeError(404, 'NotFound', 'no');
      if (stored.metadata.resourceVersion !== lease.metadata.resourceVersion) throw conflict('Conflict');
      return store(lease);
    },
  };
  const exchange = async (fate: Fate, options: CallOptions | undefined, effect: () => KubernetesObject) => {
    const server = (async () => {
      await pause(fate.before);
      if (fate.failure === 'before') throw new KubeError(0, 'Unreachable', 'lost before');
      const result = effect();
      await pause(fate.after);
      if (fate.failure === 'after') throw new KubeError(0, 'Unreachable', 'lost after');
      return result;
    })();
    // Whatever the client side does, the effect on the server takes place.
    server.catch(() => undefined);
    return new Promise<KubernetesObject>((resolve, reject) => {
      server.then(resolve, reject);
      setTimeout(() => reject(new KubeError(0, 'RequestTimeout', 'too late')), options?.timeoutMilliseconds ?? 1e6);
      options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
    });
  };
  return {
    lease: () => stored,
    clientOf: (nextFate: () => Fate): Pick<KubeClient, 'get' | 'create' | 'update'> => ({
      get: (_, __, options) => exchange(nextFate(), options, effects.get),
      create: (_, lease, __, options) => exchange(nextFate(), options, () => effects.create(lease)),
      update: (_, lease, __, options) => exchange(nextFate(), options, () => effects.update(lease)),
    }),
  };
}

const basics = { namespace: 'ns', name: 'lease', onStarted: () => undefined };

/** A candidate whose terms are counted and whose work ends with the signal. */
function startCandidate(options: Pick<LeaderElectionOptions, 'client' | 'identity'> & Partial<LeaderElectionOptions>) {
  const terms = { started: 0, ended: 0 };
  const election = startLeaderElection({
    ...basics,
    ...options,
    onStarted: (signal) => {
      terms.started += 1;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
    onStopped: () => {
      terms.ended += 1;
    },
  });
  return { election, terms, isWorking: () => terms.started > terms.ended };
}

describe('startLeaderElection', () => {
  it('creates the lease, leads, and renews every retry period', async () => {
    const api = createFakeApi();
    const seen: string[] = [];
    const a = startCandidate({ client: api.clientOf(() => smooth), identity: 'a', onNewLeader: (id) => seen.push(id) });
    await vi.advanceTimersByTimeAsync(100);
    expect([a.election.isLeader(), a.election.leader()]).toEqual([true, 'a']);
    const first = readLease(api.lease() ?? { apiVersion: '', kind: '', metadata: {} });
    expect(first).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 12, leaseTransitions: 0 });
    expect(first.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    await vi.advanceTimersByTimeAsync(60_000);
    const later = readLease(api.lease() ?? { apiVersion: '', kind: '', metadata: {} });
    expect(later.acquireTime).toBe(first.acquireTime);
    expect(later.renewTime > first.renewTime).toBe(true);
    expect(seen).toEqual(['a']);
    await a.election.stop();
    expect(a.terms).toEqual({ started: 1, ended: 1 });
    expect(a.election.isLeader()).toBe(false);
  });

  it('lets a second candidate take over only after the lease has run out', async () => {
    const api = createFakeApi();
    const a = startCandidate({ client: api.clientOf(() => smooth), identity: 'a' });
    await vi.advanceTimersByTimeAsync(100);
    const b = startCandidate({ client: api.clientOf(() => smooth), identity: 'b' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect([a.election.isLeader(), b.election.isLeader()]).toEqual([true, false]);
    await a.election.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(b.election.isLeader()).toBe(false);
    await vi.advanceTimersByTimeAsync(7_000);
    expect([b.election.isLeader(), b.election.leader()]).toEqual([true, 'b']);
    expect(api.lease()?.['spec']).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await b.election.stop();
  });

  it('gives the lease back when asked to', async () => {
    const api = createFakeApi();
    const a = startCandidate({ client: api.clientOf(() => smooth), identity: 'a', releaseOnStop: true });
    await vi.advanceTimersByTimeAsync(100);
    const stopped = a.election.stop();
    await vi.advanceTimersByTimeAsync(100);
    await stopped;
    const b = startCandidate({ client: api.clientOf(() => smooth), identity: 'b' });
    await vi.advanceTimersByTimeAsync(100);
    expect(b.election.isLeader()).toBe(true);
    await b.election.stop();
  });

  it('steps down by itself when it cannot renew, even while a request hangs', async () => {
    const api = createFakeApi();
    let fate: Fate = smooth;
    const a = startCandidate({ client: api.clientOf(() => fate), identity: 'a' });
    await vi.advanceTimersByTimeAsync(100);
    fate = { before: 1e6, after: 0, failure: 'none' };
    await vi.advanceTimersByTimeAsync(7_000);
    expect(a.election.isLeader()).toBe(true);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([a.election.isLeader(), a.isWorking()]).toEqual([false, false]);
    fate = smooth;
    // A request that was under way when the API recovered still hangs until its own limit.
    await vi.advanceTimersByTimeAsync(15_000);
    expect([a.election.isLeader(), a.terms.started]).toEqual([true, 2]);
    await a.election.stop();
  });

  it('counts its time from before a request, however late the answer comes', async () => {
    const api = createFakeApi();
    let fate: Fate = smooth;
    const a = startCandidate({ client: api.clientOf(() => fate), identity: 'a' });
    const b = startCandidate({ client: api.clientOf(() => smooth), identity: 'b' });
    await vi.advanceTimersByTimeAsync(1000);
    expect([a.election.isLeader(), b.election.isLeader()]).toEqual([true, false]);
    fate = { before: 0, after: 7500, failure: 'none' };
    await vi.advanceTimersByTimeAsync(1500);
    fate = { before: 0, after: 0, failure: 'before' };
    let didTakeOver = false;
    for (let step = 0; step < 200; step += 1) {
      await vi.advanceTimersByTimeAsync(100);
      expect([a.election.isLeader(), b.election.isLeader()]).not.toEqual([true, true]);
      expect(a.isWorking() && b.isWorking()).toBe(false);
      didTakeOver ||= b.election.isLeader();
    }
    expect(didTakeOver).toBe(true);
    await Promise.all([a.election.stop(), b.election.stop()]);
  });

  it('steps down at once when somebody else holds the lease', async () => {
    const api = createFakeApi();
    const client = api.clientOf(() => smooth);
    const a = startCandidate({ client, identity: 'a' });
    await vi.advanceTimersByTimeAsync(100);
    const lease = api.lease();
    const stolen = { ...lease, spec: { holderIdentity: 'thief', leaseDurationSeconds: 12 } };
    const target = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
    // The stored lease is there after the first term began.
    const theft = client.update(target, stolen as KubernetesObject);
    await vi.advanceTimersByTimeAsync(2_500);
    await theft;
    expect([a.election.isLeader(), a.election.leader()]).toEqual([false, 'thief']);
    await a.election.stop();
  });

  it('does not lead again before the work of the last term has ended', async () => {
    const api = createFakeApi();
    let fate: Fate = smooth;
    let finishWork = (): void => undefined;
    let terms = 0;
    const election = startLeaderElection({
      ...basics,
      client: api.clientOf(() => fate),
      identity: 'a',
      onStarted: () => {
        terms += 1;
        return new Promise<void>((resolve) => {
          finishWork = resolve;
        });
      },
    });
    await vi.advanceTimersByTimeAsync(100);
    fate = { before: 0, after: 0, failure: 'before' };
    await vi.advanceTimersByTimeAsync(15_000);
    fate = smooth;
    await vi.advanceTimersByTimeAsync(60_000);
    expect([terms, election.isLeader()]).toEqual([1, false]);
    finishWork();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([terms, election.isLeader()]).toEqual([2, true]);
    const stopped = election.stop();
    finishWork();
    await stopped;
  });

  it('reports errors of its handlers and goes on', async () => {
    const errors: unknown[] = [];
    const election = startLeaderElection({
      ...basics,
      client: createFakeApi().clientOf(() => smooth),
      identity: 'a',
      onStarted: () => {
        throw new Error('broken');
      },
      onStopped: () => {
        throw new Error('also broken');
      },
      onError: (error) => errors.push(error),
    });
    await vi.advanceTimersByTimeAsync(100);
    await election.stop();
    expect(errors.map(String)).toEqual(['Error: broken', 'Error: also broken']);
  });
});

describe('property', () => {
  const delay = fc.oneof({ weight: 6, arbitrary: fc.nat(50) }, { weight: 2, arbitrary: fc.nat(3_000) }, fc.nat(12_000));
  const fate = fc.record({
    before: delay,
    after: delay,
    failure: fc.constantFrom<Fate['failure']>('none', 'before', 'after'),
  });
  // Outages last: one fate meets several requests in a row, between stretches where all is well.
  const phases = fc.array(fc.tuple(fate, fc.integer({ min: 1, max: 9 }), fc.nat(4)), { minLength: 1, maxLength: 12 });
  const fates = phases.map((list) =>
    list.flatMap(([one, times, calm]) => [...Array<Fate>(times).fill(one), ...Array<Fate>(calm).fill(smooth)]),
  );

  it('two candidates on a failing, slow API are never leaders at the same time, and one leads when it recovers', async () => {
    let handovers = 0;
    await fc.assert(
      fc.asyncProperty(fates, fates, fc.nat(4_000), async (fatesOfA, fatesOfB, headStart) => {
        const api = createFakeApi();
        let isHealed = false;
        const nextOf = (list: readonly Fate[]) => {
          let index = 0;
          return (): Fate => {
            index += 1;
            return isHealed ? smooth : (list[(index - 1) % list.length] ?? smooth);
          };
        };
        const a = startCandidate({ client: api.clientOf(nextOf(fatesOfA)), identity: 'a' });
        await vi.advanceTimersByTimeAsync(headStart);
        const b = startCandidate({ client: api.clientOf(nextOf(fatesOfB)), identity: 'b' });
        const leaders = (): LeaderElection[] => [a.election, b.election].filter((election) => election.isLeader());
        for (let step = 0; step < 600; step += 1) {
          await vi.advanceTimersByTimeAsync(173);
          expect(leaders().length).toBeLessThanOrEqual(1);
          expect(a.isWorking() && b.isWorking()).toBe(false);
        }
        handovers += Math.max(0, a.terms.started + b.terms.started - 1);
        isHealed = true;
        await vi.advanceTimersByTimeAsync(60_000);
        expect(leaders()).toHaveLength(1);
        await Promise.all([a.election.stop(), b.election.stop()]);
        vi.clearAllTimers();
      }),
      { numRuns: 150, endOnFailure: true },
    );
    // The schedules must be rough enough to move the lease, or the property says nothing.
    expect(handovers).toBeGreaterThan(50);
  });
});
