import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { parseEntry } from './parse-entry.ts';

const entryOf = (spec: JsonObject): JsonObject => ({
  apiVersion: 'kyverno.io/v2beta1',
  kind: 'GlobalContextEntry',
  metadata: { name: 'e' },
  spec,
});
const problemsOf = (spec: JsonObject) =>
  parseEntry(entryOf(spec)).diagnostics.map(({ path, message }) => `${path}: ${message}`);

const PODS = { version: 'v1', resource: 'pods' };
const CALL = { urlPath: '/api/v1/pods' };
const projected = (name: string, jmesPath: string): JsonObject => ({
  kubernetesResource: PODS,
  projections: [{ name, jmesPath }],
});

describe('an entry', () => {
  it.each<[string, JsonObject, Json]>([
    ['core kinds', { kubernetesResource: PODS }, { kind: 'resource', gvr: { group: '', ...PODS } }],
    [
      'one namespace',
      { kubernetesResource: { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'n' } },
      { kind: 'resource', namespace: 'n' },
    ],
    [
      'a call with its defaults',
      { apiCall: CALL },
      { kind: 'call', refreshMs: 600_000, attempts: 3, request: { kind: 'api-call', method: 'GET' } },
    ],
    ['a call', { apiCall: { ...CALL, refreshInterval: '1m30s', retryLimit: 5 } }, { refreshMs: 90_000, attempts: 5 }],
    ['no more often than each second', { apiCall: { ...CALL, refreshInterval: '1ns' } }, { refreshMs: 1_000 }],
    [
      'a service',
      { apiCall: { method: 'POST', service: { url: 'http://s' }, data: [{ key: 'a', value: 1 }] } },
      { request: { kind: 'service-call', method: 'POST', url: 'http://s', data: { a: 1 } } },
    ],
  ])('is read: %s', (_, spec, source) => {
    expect(parseEntry(entryOf(spec))).toMatchObject({ entry: { name: 'e', source }, diagnostics: [] });
  });

  it.each<[string, JsonObject, readonly string[]]>([
    ['no source', {}, ['A global context entry should either have KubernetesResource or APICall']],
    ['two sources', { kubernetesResource: PODS, apiCall: CALL }, ['should either have KubernetesResource or APICall']],
    ['no version, no resource', { kubernetesResource: { group: 'g' } }, ['requires a version', 'requires a resource']],
    ['no group', { kubernetesResource: { version: 'v2', resource: 'r' } }, ['requires a group']],
    ['neither URL nor path', { apiCall: {} }, ['should either have Service or URLPath']],
    ['both', { apiCall: { ...CALL, service: { url: 'http://s' } } }, ['should either have Service or URLPath']],
    ['data of a GET', { apiCall: { ...CALL, method: 'GET', data: [] } }, ['should have method as POST']],
    ['no interval', { apiCall: { ...CALL, refreshInterval: '0s' } }, ['greater than 0 seconds']],
    ['a negative one', { apiCall: { ...CALL, refreshInterval: '-1s' } }, ['greater than 0 seconds']],
    ['what is none', { apiCall: { ...CALL, refreshInterval: 'soon' } }, ['is no duration']],
    ['a nameless projection', projected('', 'a'), ['A projection entry requires a name']],
    ['one of the name of the entry', projected('e', 'a'), ['different from the global context entry name']],
    ['an empty one', projected('p', ''), ['A projection entry requires a JMESPath']],
    ['one that cannot be read', projected('p', 'a['), ['spec.projections[0].jmesPath: Invalid value: `a[`']],
  ])('is refused: %s', (_, spec, messages) => {
    const problems = problemsOf(spec).join('\n');
    for (const message of messages) expect(problems).toContain(message);
  });
});
