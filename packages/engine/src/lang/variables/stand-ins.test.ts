import { describe, expect, it } from 'vitest';
import type { FactKind } from '../../facts/fact-request.ts';
import { FactTable } from '../../facts/fact-table.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { requestOf } from '../../model/request.fixture.ts';
import type { StandIns } from '../../model/request.ts';
import { compileContext } from './compile-context.ts';
import { createScope } from './create-scope.ts';

const POLICY = { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name: 'p' };
const RESOURCE = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } };
const ENTRIES: readonly JsonObject[] = [
  { name: 'limits', configMap: { name: 'limits', namespace: 'default' } },
  { name: 'twice', variable: { jmesPath: "join('', [limits.data.max, limits.data.max])" } },
];

function lookup(name: string, standIns: StandIns | undefined, rule = 'r') {
  const request = requestOf(RESOURCE, { namespace: 'default', ...(standIns ? { standIns } : {}) });
  const facts = new FactTable();
  const input = { request, resource: RESOURCE, phase: 'validate' as const, facts, trace: undefined };
  const root = createScope(input, { host: STILL_HOST, rule });
  return compileContext(ENTRIES, POLICY, { host: STILL_HOST }).attach(root, facts).lookup(name);
}

function standIns(absent: readonly FactKind[], values: JsonObject): StandIns {
  return { absent: new Set(absent), rules: new Map([['r', values]]) };
}

describe('values that stand in for a cluster', () => {
  const values = standIns(['config-map'], { limits: { data: { max: 'a' } } });

  it.each(['r', 'autogen-r', 'autogen-cronjob-r'])('are those of the rule and what autogen made of it: %s', (rule) => {
    expect(lookup('limits', values, rule)).toEqual({ data: { max: 'a' } });
  });

  it('are not those of other rules', () => {
    expect(lookup('limits', values, 'other')).toBeUndefined();
  });

  it('are seen by the entries that can be loaded', () => {
    expect(lookup('twice', values)).toBe('aa');
  });

  it('merge into the variables there are', () => {
    const more = standIns([], { request: { object: { metadata: { labels: { a: 'b' } } } } });
    expect(lookup('request', more)).toMatchObject({ object: { metadata: { name: 'x', labels: { a: 'b' } } } });
  });

  it('without them an entry asks for its fact', () => {
    expect(() => lookup('limits', undefined)).toThrow('a fact is missing: config-map');
    expect(() => lookup('limits', standIns([], {}))).toThrow('a fact is missing: config-map');
  });
});
