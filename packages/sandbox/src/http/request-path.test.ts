import { describe, expect, it } from 'vitest';
import { aggregatedDiscoveryVersion, negotiate } from './accept.ts';
import { parseRequestPath } from './request-path.ts';

describe('parseRequestPath', () => {
  it.each([
    ['/api/v1/pods', { group: '', version: 'v1', namespace: '', plural: 'pods', name: '', subresource: '' }],
    ['/api/v1/namespaces/a/pods/b/log', { namespace: 'a', plural: 'pods', name: 'b', subresource: 'log' }],
    ['/api/v1/namespaces/a', { namespace: '', plural: 'namespaces', name: 'a', subresource: '' }],
    ['/api/v1/namespaces/a/status', { namespace: '', plural: 'namespaces', name: 'a', subresource: 'status' }],
    ['/api/v1/namespaces/a/finalize', { plural: 'namespaces', name: 'a', subresource: 'finalize' }],
    [
      '/apis/apps/v1/namespaces/a/deployments/d/scale',
      { group: 'apps', plural: 'deployments', name: 'd', subresource: 'scale' },
    ],
    ['/apis/example.com/v1/widgets/system%3Aw', { group: 'example.com', plural: 'widgets', name: 'system:w' }],
    ['/api/v1/nodes/n/proxy/a/b', { plural: 'nodes', name: 'n', subresource: 'proxy', rest: 'a/b' }],
  ])('%s', (path, expected) => {
    expect(parseRequestPath(path)).toMatchObject({ kind: 'resource', ...expected });
  });

  it.each([
    ['/apis/apps/v1', { kind: 'groupVersion', group: 'apps', version: 'v1' }],
    ['/apis/apps', { kind: 'group', group: 'apps' }],
    ['/version', { kind: 'other', path: '/version' }],
  ])('%s', (path, expected) => {
    expect(parseRequestPath(path)).toEqual(expected);
  });
});

describe('negotiate', () => {
  it.each([
    [undefined, { encoding: 'json', as: 'object', version: '' }],
    ['application/vnd.kubernetes.protobuf,application/json', { encoding: 'json', as: 'object', version: '' }],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', { encoding: 'json', as: 'Table', version: 'v1' }],
    ['application/json;as=Table;v=v9;g=meta.k8s.io,application/json', { encoding: 'json', as: 'object', version: '' }],
    ['application/json;q=0.1,application/yaml', { encoding: 'yaml', as: 'object', version: '' }],
    ['text/html', undefined],
  ])('%s', (header, expected) => {
    expect(negotiate(header)).toEqual(expected);
  });
});

describe('aggregatedDiscoveryVersion', () => {
  it.each([
    ['application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json', 'v2'],
    ['application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json', 'v2beta1'],
    ['application/json, */*', undefined],
    [undefined, undefined],
  ])('%s', (header, expected) => {
    expect(aggregatedDiscoveryVersion(header)).toBe(expected);
  });
});
