import { describe, expect, it } from 'vitest';
import { readLog } from './pod-subresources.ts';
import { createTestCluster, testRequest } from './test-cluster.ts';

const LOG = 'one\ntwo\nthree\n';

function logOf(query: string, text = LOG): string {
  const cluster = {
    ...createTestCluster(),
    podLog: (namespace: string, name: string) => (`${namespace}/${name}` === 'a/web' ? text : ''),
  };
  const spec = { containers: [{ name: 'main', image: 'x' }] };
  cluster.store.create('pods', 'a', 'web', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'a' },
    spec,
  });
  return readLog(cluster, testRequest(cluster, '/v1/pods', { namespace: 'a', name: 'web', subresource: 'log', query }));
}

describe('the log of a Pod', () => {
  it.each([
    ['', LOG],
    ['tailLines=2', 'two\nthree\n'],
    ['tailLines=0', ''],
    ['tailLines=9', LOG],
    ['tailLines=-1', LOG],
    ['container=main&tailLines=1', 'three\n'],
  ])('%j', (query, text) => {
    expect(logOf(query)).toBe(text);
  });

  it('is empty where nobody writes', () => {
    expect(logOf('tailLines=5', '')).toBe('');
  });

  it('of a container that is not there is refused', () => {
    expect(() => logOf('container=other')).toThrow('not valid for pod web');
  });
});
