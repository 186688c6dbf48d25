import { describe, expect, it } from 'vitest';
import type { StoreEvent } from './resource-store.ts';
import { createResourceStore } from './resource-store.ts';

function object(name: string, value = 0) {
  return { metadata: { name }, spec: { value } };
}

describe('createResourceStore', () => {
  it('gives every write a higher revision and puts it into the object', () => {
    const store = createResourceStore();
    const first = store.create('pods', 'n', 'a', object('a'));
    const second = store.create('pods', 'n', 'b', object('b'));
    expect(first.ok && second.ok && second.stored.revision - first.stored.revision).toBe(1);
    expect(second.ok && second.stored.object['metadata']).toEqual({
      name: 'b',
      resourceVersion: String(store.revision),
    });
  });

  it('refuses a taken key, a stale update and a stale removal', () => {
    const store = createResourceStore();
    const created = store.create('pods', 'n', 'a', object('a'));
    expect(store.create('pods', 'n', 'a', object('a')).ok).toBe(false);
    if (!created.ok) throw new Error('not created');
    expect(store.update(created.stored, object('a', 1)).ok).toBe(true);
    expect(store.update(created.stored, object('a', 2)).ok).toBe(false);
    expect(store.remove(created.stored).ok).toBe(false);
  });

  it('shows the past at a revision it still knows, by namespace', () => {
    const store = createResourceStore();
    store.create('pods', 'n', 'a', object('a'));
    const kept = store.create('pods', 'n', 'b', object('b'));
    const at = store.revision;
    store.create('pods', 'n', 'c', object('c'));
    if (kept.ok) store.remove(kept.stored);
    expect(store.viewAt('pods', 'n', at)?.objects.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(store.viewAt('pods', 'other', at)?.objects).toEqual([]);
    expect(store.list('pods', 'n').map(({ name }) => name)).toEqual(['a', 'c']);
  });

  it('no longer knows changes beyond its capacity', () => {
    const store = createResourceStore({ logCapacity: 10 });
    for (let index = 0; index < 40; index += 1) {
      store.create('pods', 'n', `p${index}`, object(`p${index}`));
    }
    expect(store.eventsAfter('pods', 1)).toBeUndefined();
    expect(store.viewAt('pods', 'n', 1)).toBeUndefined();
    expect(store.eventsAfter('pods', store.oldestRevision('pods'))?.length).toBeGreaterThanOrEqual(10);
  });

  it('tells subscribers each change once, in order, until they stop', () => {
    const store = createResourceStore();
    const seen: StoreEvent[] = [];
    const subscription = store.subscribe('pods', (event) => seen.push(event));
    const created = store.create('pods', 'n', 'a', object('a'));
    const updated = created.ok ? store.update(created.stored, object('a', 1)) : created;
    if (updated.ok) store.remove(updated.stored);
    store.create('services', 'n', 'a', object('a'));
    subscription.stop();
    store.create('pods', 'n', 'b', object('b'));
    expect(seen.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(seen[2]?.current.object['metadata']).toMatchObject({ resourceVersion: String(seen[2]?.revision) });
  });

  it('starts again from a snapshot, above every revision it had given', () => {
    const store = createResourceStore();
    store.create('pods', 'n', 'a', object('a', 7));
    const again = createResourceStore({ initial: store.snapshot() });
    expect(again.get('pods', 'n', 'a')?.object).toEqual(store.get('pods', 'n', 'a')?.object);
    const next = again.create('pods', 'n', 'b', object('b'));
    expect(next.ok && next.stored.revision).toBe(store.revision + 1);
    expect(again.eventsAfter('pods', store.revision - 1)).toBeUndefined();
  });

  it('a dropped storage starts anew and knows nothing of before', () => {
    const store = createResourceStore();
    store.create('widgets.example.com', 'n', 'a', object('a'));
    const before = store.revision;
    store.create('pods', 'n', 'a', object('a'));
    store.drop('widgets.example.com');
    expect(store.list('widgets.example.com')).toEqual([]);
    expect(store.eventsAfter('widgets.example.com', before)).toBeUndefined();
  });
});
