import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { evaluateRules, fits, pod, statusOf, validate } from './evaluate-rule.ts';

/** The facts of kyverno-core §2.14 about scalar patterns. */
describe('vectors: scalar patterns', () => {
  it.each<[Json, Json]>([
    [4, '>= 3'],
    [0, '0-2'],
    [25, '10!-20'],
    [2, '2-2'],
    [-9, '-10-8'],
    [0, '-10-+8'],
    [9, '-10!--8'],
    ['256Mi', '128Mi-512Mi'],
    ['9Mi', '-10Mi!--8Mi'],
    ['', null],
    [0, null],
    [false, null],
    ['10.100.11.54', '192.168.88.1 | 10.100.11.*'],
    ['32', '>1 & <20 | >31 & <33'],
    [8.0, 8],
    ['8', 8],
    ['8', 8.0],
    [8, 8.0],
    ['8.1', 8.1],
    ['1024Mi', '1Gi'],
    ['0.2', '200m'],
    [1024, '1024'],
    ['12s', '<15s'],
    ['1G', '<1Gi'],
    ['500m', '>=0.5'],
  ])('%j fits %j', (value, pattern) => {
    expect(fits(value, pattern)).toBe(true);
  });

  it.each<[Json, Json]>([
    [3, '0-2'],
    [15, '10!-20'],
    [2, '2!-2'],
    ['1024Mi', '128Mi-512Mi'],
    [9, '-10--8'],
    ['value', null],
    ['21', '>1 & <20 | >31 & <33'],
    [8.1, 8],
    ['8.1', 8],
    [8, 8.1],
    ['abc', 8.1],
    [false, 8],
    [null, false],
    ['1024Gi', ''],
    ['gii', '1024Gi'],
  ])('%j does not fit %j', (value, pattern) => {
    expect(fits(value, pattern)).toBe(false);
  });

  it('null does not fit an empty list, which is no pattern', () => {
    expect(fits(null, [])).not.toBe(true);
  });
});

const CONTAINERS: JsonObject = {
  spec: { containers: [{ name: '*', '(image)': '*:latest | !*:*', imagePullPolicy: '!Always' }] },
};
const GLOBAL: JsonObject = {
  spec: { containers: [{ name: '*', '<(image)': '*:latest', imagePullPolicy: '!Always' }] },
};
const DOCKER: JsonObject = {
  metadata: { labels: { 'allow-docker': 'true' } },
  '(spec)': { '(volumes)': [{ '(hostPath)': { path: '/var/run/docker.sock' } }] },
};
const CACHE: JsonObject = {
  spec: { '=(volumes)': [{ '(name)': '!cache-volume', '=(emptyDir)': { sizeLimit: '?*' } }] },
};
const CACHES: JsonObject = {
  spec: { '=(volumes)': [{ '(name)': '!credential-socket&!istio-data', '=(emptyDir)': { sizeLimit: '?*' } }] },
};
const USERS: JsonObject = {
  spec: {
    '=(initContainers)': [{ '(name)': '!istio-init', '=(securityContext)': { '=(runAsUser)': '>0' } }],
    '=(containers)': [{ '=(securityContext)': { '=(runAsUser)': '>0' } }],
  },
};
const LABEL: JsonObject = {
  metadata: { labels: { '<(foo)': 'bar' } },
  spec: { containers: [{ name: 'nginx', image: '!*:latest' }] },
};
const SECRETS: JsonObject = {
  spec: {
    containers: [{ name: '*', '<(image)': 'nginx' }],
    imagePullSecrets: [{ name: 'my-registry-secret' }],
  },
};

const containers = (...list: readonly (readonly [image: string, policy: string])[]): JsonObject => ({
  spec: { containers: list.map(([image, imagePullPolicy]) => ({ name: 'c', image, imagePullPolicy })) },
});
const volumes = (...list: readonly JsonObject[]): JsonObject => ({
  spec: { containers: [{ name: 'c', image: 'a' }], volumes: [...list] },
});
const ran = (init: JsonObject, main: JsonObject): JsonObject => ({
  spec: {
    initContainers: [{ name: 'istio-init', image: 'a', securityContext: init }],
    containers: [{ name: 'c', image: 'a', securityContext: main }],
  },
});

/** The facts of kyverno-core §2.14 about anchors. */
describe('vectors: anchors', () => {
  it.each<[string, JsonObject, JsonObject, string]>([
    ['condition: another tag', CONTAINERS, containers(['nginx:1.2.3', 'Always']), 'skip'],
    ['condition: latest', CONTAINERS, containers(['nginx:latest', 'Always']), 'fail'],
    ['condition: no tag', CONTAINERS, containers(['nginx', 'Always']), 'fail'],
    ['condition: latest, never pulled', CONTAINERS, containers(['nginx:latest', 'Never']), 'pass'],
    ['condition: one skips', CONTAINERS, containers(['nginx', 'Never'], ['busybox:1.28', 'Always']), 'pass'],
    ['condition: all skip', CONTAINERS, containers(['nginx:1.2.3', 'Always'], ['busybox:1.28', 'Always']), 'skip'],
    ['global: another tag', GLOBAL, containers(['nginx:v1', 'Always']), 'skip'],
    ['global: one of two', GLOBAL, containers(['nginx:latest', 'IfNotPresent'], ['nginx:v2', 'IfNotPresent']), 'pass'],
    ['nested conditions: no volumes', DOCKER, containers(['a', 'Never']), 'skip'],
    ['nested conditions: the socket', DOCKER, volumes({ hostPath: { path: '/var/run/docker.sock' } }), 'fail'],
    ['nested conditions: another path', DOCKER, volumes({ hostPath: { path: '/var/run' } }), 'skip'],
    ['equality: named otherwise', CACHE, volumes({ name: 'cache-volume', emptyDir: {} }), 'skip'],
    ['equality: not listed', CACHES, volumes({ name: 'cache-volume', emptyDir: {} }), 'fail'],
    ['equality: absent', CACHES, volumes({ name: 'cache-volume', hostPath: {} }), 'pass'],
    ['a branch that passes', USERS, ran({ runAsUser: 0 }, { runAsUser: 1 }), 'pass'],
    ['a branch that fails', USERS, ran({ runAsUser: 0 }, { runAsUser: 0 }), 'fail'],
    [
      'global on a label',
      LABEL,
      {
        metadata: { name: 'web', namespace: 'ns', labels: { foo: 'bar' } },
        spec: { containers: [{ name: 'nginx', image: 'nginx:latest' }] },
      },
      'fail',
    ],
    [
      'global in a list, another secret',
      SECRETS,
      { spec: { containers: [{ name: 'c', image: 'nginx' }], imagePullSecrets: [{ name: 'other' }] } },
      'fail',
    ],
    [
      'global in a list, the secret',
      SECRETS,
      { spec: { containers: [{ name: 'c', image: 'nginx' }], imagePullSecrets: [{ name: 'my-registry-secret' }] } },
      'pass',
    ],
  ])('%s', (_what, pattern, resource, status) => {
    expect(statusOf(evaluateRules({ rules: [validate({ pattern })], resource: pod(resource) }))).toBe(status);
  });

  it.each<[string, JsonObject, JsonObject, string]>([
    [
      'a missing member',
      { spec: { template: { spec: { containers: [{ image: '?*' }] } } } },
      { spec: { template: { spec: { containers: [{ name: 'c' }] } } } },
      '/spec/template/spec/containers/0/image/',
    ],
    [
      'a missing member of `*`',
      { spec: { template: { spec: { containers: [{ image: '*' }] } } } },
      { spec: { template: { spec: { containers: [{ name: 'c' }] } } } },
      '/spec/template/spec/containers/0/',
    ],
    [
      'a wrong value',
      { spec: { containers: [{ resources: { requests: { memory: '<1Gi' } } }] } },
      { spec: { containers: [{ resources: { requests: { memory: '2Gi' } } }] } },
      '/spec/containers/0/resources/requests/memory/',
    ],
  ])('the path of %s', (_what, pattern, resource, path) => {
    const { results } = evaluateRules({ rules: [validate({ pattern })], resource: pod(resource) });
    expect(results[0]?.message).toBe(`validation error: m. rule r failed at path ${path}`);
  });
});
