import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../kernel/json.ts';
import { compileNode } from './compile-node.ts';
import { compilePattern, type PatternOutcome } from './compile-pattern.ts';
import { explain } from './explain.ts';

function evaluate(pattern: Json, resource: Json): PatternOutcome {
  return compilePattern(pattern).evaluate(resource);
}

const podOf = (...containers: Json[]): Json => ({ spec: { containers } });
const image = (reference: string, pull: string): Json => ({ name: 'c', image: reference, imagePullPolicy: pull });

describe('anchors', () => {
  const conditional = {
    spec: { containers: [{ name: '*', '(image)': '*:latest | !*:*', imagePullPolicy: '!Always' }] },
  };
  const global = { spec: { containers: [{ name: '*', '<(image)': '*:latest', imagePullPolicy: '!Always' }] } };
  const socket = {
    metadata: { labels: { 'allow-docker': 'true' } },
    '(spec)': { '(volumes)': [{ '(hostPath)': { path: '/var/run/docker.sock' } }] },
  };
  const cache = { spec: { '=(volumes)': [{ '(name)': '!cache-volume', '=(emptyDir)': { sizeLimit: '?*' } }] } };
  const caches = {
    spec: { '=(volumes)': [{ '(name)': '!cache-volume2&!cache-volume3', '=(emptyDir)': { sizeLimit: '?*' } }] },
  };
  const init = {
    spec: {
      '=(initContainers)': [{ '(name)': '!istio-init', '=(securityContext)': { '=(runAsUser)': '>0' } }],
      '=(containers)': [{ '=(securityContext)': { '=(runAsUser)': '>0' } }],
    },
  };
  const istio = (user: number): Json => ({
    spec: {
      initContainers: [{ name: 'istio-init', securityContext: { runAsUser: 0 } }],
      containers: [{ name: 'c', securityContext: { runAsUser: user } }],
    },
  });
  const labelled = {
    metadata: { labels: { '<(foo)': 'bar' } },
    spec: { containers: [{ name: 'nginx', image: '!*:latest' }] },
  };
  const secret = {
    spec: { containers: [{ name: '*', '<(image)': 'nginx' }], imagePullSecrets: [{ name: 'my-registry-secret' }] },
  };
  const nginxWith = (name: string): Json => ({
    spec: { containers: [{ name: 'c', image: 'nginx' }], imagePullSecrets: [{ name }] },
  });

  it.each<[string, Json, Json, PatternOutcome['status']]>([
    ['condition not met', conditional, podOf(image('nginx:1.2.3', 'Always')), 'skip'],
    ['condition met, rest fails', conditional, podOf(image('nginx:latest', 'Always')), 'fail'],
    ['condition met by no tag', conditional, podOf(image('nginx', 'Always')), 'fail'],
    ['condition met, rest passes', conditional, podOf(image('nginx:latest', 'Never')), 'pass'],
    ['one element skips', conditional, podOf(image('nginx', 'Never'), image('busybox:1.28', 'Always')), 'pass'],
    ['all elements skip', conditional, podOf(image('nginx:1.2.3', 'Always'), image('busybox:1.28', 'Always')), 'skip'],
    ['global not met', global, podOf(image('nginx:v1', 'Always')), 'skip'],
    [
      'global not met in one',
      global,
      podOf(image('nginx:latest', 'IfNotPresent'), image('nginx:v2', 'IfNotPresent')),
      'pass',
    ],
    ['nested conditions, key absent', socket, { metadata: {}, spec: {} }, 'skip'],
    [
      'nested conditions hold',
      socket,
      { metadata: {}, spec: { volumes: [{ hostPath: { path: '/var/run/docker.sock' } }] } },
      'fail',
    ],
    [
      'nested conditions do not hold',
      socket,
      { metadata: {}, spec: { volumes: [{ hostPath: { path: '/x' } }] } },
      'skip',
    ],
    ['equality list skips', cache, { spec: { volumes: [{ name: 'cache-volume', emptyDir: {} }] } }, 'skip'],
    ['equality list fails', caches, { spec: { volumes: [{ name: 'cache-volume', emptyDir: {} }] } }, 'fail'],
    ['equality list passes', caches, { spec: { volumes: [{ name: 'cache-volume' }] } }, 'pass'],
    ['a branch that passes outweighs a skipped list', init, istio(1), 'pass'],
    ['a branch fails beside a skipped list', init, istio(0), 'fail'],
    [
      'global label holds',
      labelled,
      { metadata: { labels: { foo: 'bar' } }, spec: { containers: [{ name: 'nginx', image: 'nginx:latest' }] } },
      'fail',
    ],
    ['global in a list, sibling fails', secret, nginxWith('other'), 'fail'],
    ['global in a list, sibling passes', secret, nginxWith('my-registry-secret'), 'pass'],
    ['negation', { spec: { 'X(hostPath)': null } }, { spec: { hostPath: null } }, 'fail'],
    ['negation absent', { spec: { 'X(hostPath)': null } }, { spec: {} }, 'pass'],
    ['existence', { '^(a)': [{ b: 1 }, { b: 2 }] }, { a: [{ b: 2 }, { b: 1 }] }, 'pass'],
    ['existence of one missing', { '^(a)': [{ b: 1 }, { b: 3 }] }, { a: [{ b: 2 }, { b: 1 }] }, 'fail'],
    ['existence on no list', { '^(a)': [{ b: 1 }] }, { a: {} }, 'fail'],
    ['add anchors are ordinary keys', { '+(a)': 1 }, { a: 1 }, 'fail'],
    ['star wants a value', { a: '*' }, { a: null }, 'fail'],
    ['star takes any value', { a: '*' }, { a: {} }, 'pass'],
    ['extra elements of a map list are ignored', [{ a: 1 }, { a: 2 }], [{ a: 1 }], 'pass'],
    ['scalar lists want every element', ['a*'], ['ab', 'ac'], 'pass'],
    ['scalar lists want every element, one misses', ['a*'], ['ab', 'b'], 'fail'],
    ['empty lists pass lists of maps', [{ a: 1 }], [], 'pass'],
    ['nested lists compare by position', [['a'], ['b']], [['a'], ['b'], ['c']], 'pass'],
    ['shorter nested lists have no path', [['a'], ['b']], [['a']], 'error'],
    ['missing condition key and failure', { '=(x)': { '(y)': 1 }, z: 1 }, { x: { y: 1 }, z: 2 }, 'fail'],
    ['missing condition key elsewhere', { a: [{ '(y)': 1, b: 1 }], z: 1 }, { a: [{ b: 1 }], z: 2 }, 'skip'],
  ])('%s', (_, pattern, resource, status) => {
    expect(evaluate(pattern, resource).status).toBe(status);
  });

  it('a failure is an error when a condition key was missing and yet another element applied', () => {
    const pattern = { b: [{ '(y)': 1, z: 1 }], c: 2 };
    expect(evaluate(pattern, { b: [], c: 1 }).status).toBe('fail');
    expect(evaluate({ a: { '^(y)': [{ q: 1 }] }, z: 1 }, { a: {}, z: 2 })).toEqual({
      status: 'error',
      message: "resource value '2' does not match '1' at path /z/",
      path: '',
    });
  });
});

describe('paths and texts', () => {
  it.each<[Json, Json, string, string]>([
    [
      { spec: { template: { spec: { containers: [{ image: '*' }] } } } },
      { spec: { template: { spec: { containers: [{ name: 'c' }] } } } },
      '/spec/template/spec/containers/0/',
      '/spec/template/spec/containers/0//image not found',
    ],
    [
      { spec: { containers: [{ resources: { requests: { memory: '<=1Gi' } } }] } },
      podOf({ resources: { requests: { memory: '2Gi' } } }),
      '/spec/containers/0/resources/requests/memory/',
      "resource value '2Gi' does not match '<=1Gi' at path /spec/containers/0/resources/requests/memory/",
    ],
    [
      { spec: { 'X(volumes)': 'null' } },
      { spec: { volumes: [] } },
      '/spec/volumes/',
      'negation anchor matched in resource: /spec/volumes/ is not allowed',
    ],
    [
      { spec: { a: {} } },
      { spec: {} },
      '/spec/a/',
      'pattern and resource have different structures. Path: /spec/a/. Expected map[string]interface {}, found <nil>',
    ],
    [{ a: [] }, { a: [1] }, '/a/', 'pattern Array empty'],
    [{ a: 1_000_000 }, { a: 1_000_001 }, '/a/', "resource value '1000001' does not match '1e+06' at path /a/"],
  ])('%j', (pattern, resource, path, message) => {
    expect(evaluate(pattern, resource)).toEqual({ status: 'fail', path, message });
  });

  it('tells why it skipped', () => {
    expect(evaluate({ '(kind)': 'Pod', a: 1 }, { kind: 'Job' }).message).toBe(
      "conditional anchor mismatch: resource value 'Job' does not match 'Pod' at path /kind/",
    );
    expect(evaluate({ '(kind)': 'Pod' }, {}).message).toBe(
      "conditional anchor mismatch: conditional anchor key doesn't exist in the resource",
    );
  });
});

describe('resource text that looks like an anchor error', () => {
  it('does not turn a failure into a skip', () => {
    expect(evaluate({ a: 'x' }, { a: 'conditional anchor mismatch' }).status).toBe('fail');
  });
});

describe('metadata wildcards', () => {
  const labels = (found: Json): Json => ({ metadata: { labels: found } });
  it.each<[string, Json, Json, PatternOutcome['status']]>([
    ['the first key that matches', labels({ 'app*': 'x' }), labels({ appname: 'x', apple: 'y' }), 'pass'],
    ['only the first key that matches', labels({ 'app*': 'x' }), labels({ apple: 'y', appname: 'x' }), 'fail'],
    ['no key matches', labels({ 'app*': '?*' }), labels({ other: 'y' }), 'fail'],
    ['anchors are kept', labels({ '=(app*)': 'x' }), labels({ other: 'y' }), 'pass'],
    [
      'anchors around metadata',
      { '=(metadata)': { '=(annotations)': { 'X(a.b/*)': 'null' } } },
      { metadata: { annotations: { 'a.b/c': '1' } } },
      'fail',
    ],
    ['values that are no text vanish', labels({ app: 1 }), labels({ app: 'y' }), 'pass'],
  ])('%s', (_, pattern, resource, status) => {
    expect(evaluate(pattern, resource).status).toBe(status);
  });
});

describe('prototypes', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s is absent unless given', (key) => {
    const pattern = JSON.parse(`{"${key}":"?*"}`) as Json;
    expect(evaluate(pattern, {}).status).toBe('fail');
    expect(evaluate(pattern, JSON.parse(`{"${key}":"a"}`) as Json).status).toBe('pass');
    expect(evaluate(JSON.parse(`{"X(${key})":null}`) as Json, {}).status).toBe('pass');
  });
});

const names = fc.constantFrom('a', 'b', 'metadata', 'labels', 'c*');
const leaves = fc.oneof(
  fc.constantFrom<Json>('*', '?*', '!x', 'x', '>1', '1-3', '1Gi', 'y | x', ''),
  fc.integer({ min: 0, max: 3 }),
  fc.boolean(),
  fc.constant(null),
);
const keys = fc
  .tuple(fc.constantFrom('', '()', '<()', '=()', '^()', 'X()', '+()'), names)
  .map(([anchor, name]) => (anchor === '' ? name : `${anchor.slice(0, -2)}(${name})`));
const patterns = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    leaves,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(keys, tie('node'), { maxKeys: 4 }),
  ),
})).node;
const resources = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    leaves,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(names, tie('node'), { maxKeys: 4 }),
  ),
})).node;

describe('the closures and the explaining walk', () => {
  it('give the same verdict', () => {
    fc.assert(
      fc.property(patterns, resources, (pattern, resource) => {
        expect(compileNode(pattern, new WeakMap())(resource)).toBe(explain(pattern, resource).verdict);
      }),
      { numRuns: 3000 },
    );
  });

  it('never throw on any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (pattern, resource) => {
        const outcome = evaluate(pattern as Json, resource as Json);
        expect(['pass', 'fail', 'skip', 'error']).toContain(outcome.status);
      }),
      { numRuns: 1000 },
    );
  });
});
