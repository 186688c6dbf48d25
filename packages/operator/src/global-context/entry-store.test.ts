import type { FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { computeEntryStatus } from './entry-status.ts';
import { createEntryStore, type EntryState } from './entry-store.ts';
import { refreshCall } from './refresh-call.ts';

function calling(name: string, urlPath: string, projections: readonly JsonObject[] = []): JsonObject {
  return {
    apiVersion: 'kyverno.io/v2beta1',
    kind: 'GlobalContextEntry',
    metadata: { name, uid: name },
    spec: { apiCall: { urlPath, refreshInterval: '1s', retryLimit: 2 }, projections },
  };
}

/** Answers by path; `undefined`: it cannot be reached. */
function storeOf(answers: Record<string, Json | undefined>, maxEntries = 0) {
  const asked: string[] = [];
  const states: EntryState[] = [];
  const facts: FactSource = {
    kinds: new Set<FactRequest['kind']>(['api-call']),
    fetch: async (requests) =>
      requests.map((request) => {
        const path = request.kind === 'api-call' ? request.urlPath : '';
        asked.push(path);
        const value = answers[path];
        return value === undefined ? { ok: false, class: 'transient', message: 'no' } : { ok: true, value };
      }),
  };
  const now = () => 1_700_000_000_000;
  const store = createEntryStore({
    run: ({ source, ...entry }, progress) => {
      if (source.kind !== 'call') throw new Error('calls only');
      return refreshCall({ ...entry, source }, { facts, timeoutMs: 1_000, now, ...progress });
    },
    maxEntries,
    onChange: (state) => states.push(state),
    now,
  });
  return { store, asked, states };
}

const failed = (message: string) => ({ ok: false, class: 'permanent', message });

describe('entries', () => {
  it('serve their data and their projections', async () => {
    const { store } = storeOf({ '/api/a': { n: [1, 2] } });
    store.upsert(calling('a', '/api/a', [{ name: 'count', jmesPath: 'length(n)' }]));
    await store.settled();
    expect(store.get('a')).toEqual({ ok: true, value: { n: [1, 2] } });
    expect(store.get('a', 'count')).toEqual({ ok: true, value: 2 });
    expect(store.get('a', 'other')).toEqual(failed('projection "other" not found'));
    expect(store.get('b')).toEqual({ ok: false, class: 'not-found', message: 'failed to fetch entry key=b' });
    await store.stop();
  });

  it('serve no value before there is one, and none for null', async () => {
    const { store } = storeOf({ '/api/a': null });
    store.upsert(calling('a', '/api/a'));
    expect(store.get('a')).toEqual(failed('no data available'));
    await store.settled();
    expect(store.get('a')).toEqual(failed('no data available'));
    await store.stop();
  });

  it('serve the failure of a refresh after as many attempts as allowed, not the old value, until the next', async () => {
    const answers: Record<string, Json | undefined> = { '/api/a': 1 };
    const { store, asked, states } = storeOf(answers);
    store.upsert(calling('a', '/api/a'));
    await store.settled();
    answers['/api/a'] = undefined;
    await expect
      .poll(() => store.get('a'), { timeout: 5_000 })
      .toEqual(failed('failed to GET resource with raw url: /api/a: no'));
    expect(asked).toHaveLength(3);
    answers['/api/a'] = 2;
    await expect.poll(() => store.get('a'), { timeout: 5_000 }).toEqual({ ok: true, value: 2 });
    expect(states.map(({ isReady }) => isReady)).toEqual([true, false, true]);
    await store.stop();
  });

  it('that change serve the old value until they have the new', async () => {
    const { store } = storeOf({ '/api/a': 1, '/api/b': 2 });
    store.upsert(calling('a', '/api/a'));
    await store.settled();
    store.upsert(calling('a', '/api/b'));
    expect(store.get('a')).toEqual({ ok: true, value: 1 });
    await store.settled();
    await expect.poll(() => store.get('a')).toEqual({ ok: true, value: 2 });
    await store.stop();
  });

  it('that change to what cannot be read serve the old value no longer', async () => {
    const { store } = storeOf({ '/api/a': 1 });
    store.upsert(calling('a', '/api/a'));
    await store.settled();
    store.upsert({ ...calling('a', ''), spec: {} });
    await store.settled();
    expect(store.get('a')).toMatchObject({ ok: false, message: expect.stringContaining('should either have') });
    await store.stop();
  });

  it('go on as they are when only their status changed', async () => {
    const { store, asked } = storeOf({ '/api/a': 1 });
    store.upsert(calling('a', '/api/a'));
    store.upsert({ ...calling('a', '/api/a'), status: { lastRefreshTime: 't' } });
    await store.settled();
    expect(asked).toHaveLength(1);
    await store.stop();
  });

  it('beyond the most that are allowed wait until another goes', async () => {
    const { store } = storeOf({ '/api/a': 1, '/api/b': 2 }, 1);
    store.upsert(calling('a', '/api/a'));
    store.upsert(calling('b', '/api/b'));
    await store.settled();
    expect(store.get('b')).toMatchObject({ ok: false, message: expect.stringContaining('is full') });
    store.remove(calling('a', '/api/a'));
    await store.settled();
    expect(store.get('b')).toEqual({ ok: true, value: 2 });
    expect(store.get('a')).toMatchObject({ class: 'not-found' });
    await store.stop();
  });

  it('that cannot be read serve why', async () => {
    const { store } = storeOf({});
    store.upsert({ ...calling('a', ''), spec: {} });
    expect(store.get('a')).toMatchObject({ ok: false, message: expect.stringContaining('should either have') });
    await store.stop();
  });
});

describe('the status of an entry', () => {
  const state: EntryState = {
    document: calling('a', '/a'),
    isReady: true,
    message: '',
    refreshedAt: 1_700_000_000_000,
  };
  const written = computeEntryStatus(state, 1_700_000_000_000);

  it('says that it is ready and when it was refreshed', () => {
    expect(written).toEqual({
      conditions: [
        { type: 'Ready', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: '2023-11-14T22:13:20Z' },
      ],
      lastRefreshTime: '2023-11-14T22:13:20Z',
    });
  });

  it('is written again for another refresh, with the old time of transition', () => {
    const document = { ...state.document, status: written ?? {} };
    expect(computeEntryStatus({ ...state, document }, 0)).toBeUndefined();
    expect(computeEntryStatus({ ...state, document, refreshedAt: 1_700_000_060_000 }, 1_700_000_060_000)).toMatchObject(
      {
        conditions: [{ lastTransitionTime: '2023-11-14T22:13:20Z' }],
        lastRefreshTime: '2023-11-14T22:14:20Z',
      },
    );
  });

  it('says why it is not', () => {
    const refreshedAt = undefined;
    expect(computeEntryStatus({ ...state, isReady: false, message: 'no', refreshedAt }, 0)).toEqual({
      conditions: [
        { type: 'Ready', status: 'False', reason: 'Failed', message: 'no', lastTransitionTime: '1970-01-01T00:00:00Z' },
      ],
    });
  });
});
