import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../store/json-value.ts';
import { createTestCluster, testRequest } from './test-cluster.ts';
import { prepareWatch } from './watch-objects.ts';

interface Seen {
  readonly type: string;
  readonly object: {
    metadata: { name?: string; resourceVersion: string; annotations?: JsonObject; labels?: JsonObject };
    message?: string;
  };
}

function configMap(name: string, labels: JsonObject = {}): JsonObject {
  return { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name, namespace: 'default', labels } };
}

/** Watches and collects; `limit` ends the stream after that many events, as a broken connection would. */
function watch(cluster: ReturnType<typeof createTestCluster>, query: string, limit = Number.POSITIVE_INFINITY) {
  const seen: Seen[] = [];
  let ended = false;
  const start = prepareWatch(cluster, testRequest(cluster, '/v1/configmaps', { query }));
  const running = start(
    { print: (_object, text) => text },
    {
      send(line) {
        seen.push(JSON.parse(line));
        return seen.length < limit;
      },
      end() {
        ended = true;
      },
    },
  );
  return { seen, running, isEnded: () => ended };
}

describe('watch', () => {
  it('loses and doubles nothing over 10,000 changes with reconnects', () => {
    const cluster = createTestCluster();
    const received: string[] = [];
    let last = String(cluster.store.revision);
    let current = watch(cluster, `watch=true&resourceVersion=${last}`, 97);
    let reconnects = 0;
    const expected: string[] = [];
    for (let change = 0; change < 10_000; change += 1) {
      const name = `c${change % 50}`;
      const stored = cluster.store.get('configmaps', 'default', name);
      const commit =
        stored === undefined
          ? cluster.store.create('configmaps', 'default', name, configMap(name))
          : change % 7 === 0
            ? cluster.store.remove(stored)
            : cluster.store.update(stored, configMap(name, { change: String(change) }));
      if (commit.ok) expected.push(String(commit.stored.revision));
      if (current.isEnded() && change % 3 === 0) {
        collect();
        current = watch(cluster, `watch=true&resourceVersion=${last}`, 60 + (change % 90));
        reconnects += 1;
      }
    }
    while (received.length < expected.length) {
      collect();
      current.running.stop();
      current = watch(cluster, `watch=true&resourceVersion=${last}`);
    }
    current.running.stop();
    expect(reconnects).toBeGreaterThan(50);
    expect(received).toEqual(expected);

    function collect(): void {
      for (const { object } of current.seen) {
        received.push(object.metadata.resourceVersion);
        last = object.metadata.resourceVersion;
      }
    }
  });

  it('answers 410 in the stream for a version it no longer knows', () => {
    const cluster = createTestCluster({ logCapacity: 5 });
    for (let index = 0; index < 20; index += 1) {
      cluster.store.create('configmaps', 'default', `c${index}`, configMap(`c${index}`));
    }
    const { seen, isEnded } = watch(cluster, 'watch=true&resourceVersion=2');
    expect(isEnded()).toBe(true);
    expect(seen).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
  });

  it('ends the initial part of a WatchList with an annotated bookmark', () => {
    const cluster = createTestCluster();
    cluster.store.create('configmaps', 'default', 'a', configMap('a'));
    const { seen, running } = watch(
      cluster,
      'watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan',
    );
    cluster.store.create('configmaps', 'default', 'b', configMap('b'));
    running.stop();
    expect(seen.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ['ADDED', 'a'],
      ['BOOKMARK', undefined],
      ['ADDED', 'b'],
    ]);
    expect(seen[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  it('shows objects that enter and leave a label selector as added and deleted', () => {
    const cluster = createTestCluster();
    const { seen, running } = watch(cluster, 'watch=true&labelSelector=w%3D1');
    const steps = [{ w: '1' }, { w: '2' }, { w: '1' }];
    let stored = cluster.store.create('configmaps', 'default', 'a', configMap('a', { w: '0' }));
    for (const labels of steps) {
      if (stored.ok) stored = cluster.store.update(stored.stored, configMap('a', labels));
    }
    running.stop();
    expect(seen.map(({ type, object }) => [type, object.metadata.labels])).toEqual([
      ['ADDED', { w: '1' }],
      ['DELETED', { w: '1' }],
      ['ADDED', { w: '1' }],
    ]);
  });
});
