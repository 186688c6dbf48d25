import { describe, expect, it } from 'vitest';
import { evaluate } from '../evaluate/evaluate.ts';
import { FactTable } from '../facts/fact-table.ts';
import { STILL_HOST } from '../kernel/host.fixture.ts';
import type { JsonObject } from '../kernel/json.ts';
import { loadPolicies } from '../load/load-policies.ts';
import { requestOf } from '../model/request.fixture.ts';
import { createEngine } from './create-engine.ts';

const engine = createEngine({ host: STILL_HOST });

const REQUEST = requestOf({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', labels: { app: 'x' } },
});

function judge(
  spec: JsonObject,
  { kind = 'ClusterCleanupPolicy', namespace }: { kind?: string; namespace?: string } = {},
) {
  const document = {
    apiVersion: 'kyverno.io/v2',
    kind,
    metadata: { name: 'c', ...(namespace === undefined ? {} : { namespace }) },
    spec: { schedule: '*/5 * * * *', match: { any: [{ resources: { kinds: ['Pod'] } }] }, ...spec },
  };
  const { policies, diagnostics } = loadPolicies(JSON.stringify(document), 'p');
  const [policy] = policies;
  if (!policy) return diagnostics.map(({ message }) => message);
  const { compiled, ...rest } = engine.compile(policy);
  if (!compiled) return rest.diagnostics.map(({ message }) => message);
  if (!compiled.matches(REQUEST, 'delete')) return 'not asked';
  const { decision } = evaluate(compiled, REQUEST, new FactTable(), 'delete');
  return decision?.results.map(({ status, message }) => `${status}: ${message}`).join() ?? 'needs';
}

const condition = (key: string, value: string): JsonObject => ({
  conditions: { all: [{ key, operator: 'Equals', value }] },
});

const DOOMED = 'pass: resource matched';
const STAYS = 'fail: resource did not match';

describe('a ClusterCleanupPolicy', () => {
  it.each<[string, JsonObject, unknown]>([
    ['deletes what it matches', {}, DOOMED],
    ['reads its target', condition('{{ target.metadata.labels.app }}', 'x'), DOOMED],
    ['leaves what does not meet the conditions', condition('{{ target.metadata.name }}', 'q'), STAYS],
    [
      'reads variables of its context',
      {
        context: [{ name: 'who', variable: { jmesPath: 'target.metadata.name' } }],
        ...condition('{{ who }}', 'p'),
      },
      DOOMED,
    ],
    // A text in quotes is a text, whatever it says.
    ['takes texts for texts', condition("{{ 'target' }}", 'target'), DOOMED],
    [
      'knows functions by their names',
      condition("{{ join('-', [target.metadata.name, 'target']) }}", 'p-target'),
      DOOMED,
    ],
    ['leaves what it excludes', { exclude: { any: [{ resources: { names: ['p'] } }] } }, ''],
    ['ignores operations', { match: { any: [{ resources: { kinds: ['Pod'], operations: ['DELETE'] } }] } }, DOOMED],
    [
      'asks for no ConfigMap',
      {
        context: [{ name: 'a', configMap: { name: 'a', namespace: 'b' } }],
      },
      ['ConfigMap is not allowed in CleanUp Policy'],
    ],
    [
      'asks for no image',
      {
        context: [{ name: 'a', imageRegistry: { reference: 'a' } }],
      },
      ['ImageRegistry is not allowed in CleanUp Policy'],
    ],
    [
      'is about no users',
      { match: { any: [{ subjects: [{ kind: 'User', name: 'a' }], resources: { kinds: ['Pod'] } }] } },
      ['Usage of user info is forbidden'],
    ],
    [
      'matches something',
      { exclude: { any: [{ resources: { kinds: ['Pod'] } }] } },
      ['CleanupPolicy is matching an empty set'],
    ],
    [
      'needs a schedule',
      { schedule: 'invalid-schedule' },
      ['schedule spec in the cleanupPolicy is not in proper cron format: expected exactly 5 fields, found 1'],
    ],
  ])('%s', (_name, spec, expected) => {
    expect(judge(spec)).toEqual(expected);
  });

  it('leaves what cannot be told', () => {
    expect(judge(condition('{{ target.metadata.gone }}', 'x'))).toMatch(/^error: /);
  });
});

it('a CleanupPolicy stays in its namespace', () => {
  expect(judge({}, { kind: 'CleanupPolicy', namespace: 'ns' })).toBe(DOOMED);
  expect(judge({}, { kind: 'CleanupPolicy', namespace: 'other' })).toBe('not asked');
});
