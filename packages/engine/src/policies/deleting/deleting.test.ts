import { describe, expect, it } from 'vitest';
import { evaluate } from '../../evaluate/evaluate.ts';
import { FactTable } from '../../facts/fact-table.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { NO_CLUSTER, requestOf } from '../../model/request.fixture.ts';
import { celException, celPolicy, engine, loadDocuments, matching } from '../policies.fixture.ts';

const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', labels: { ttl: 'short' } },
};

const PODS = matching('pods', ['UPDATE']);

function compile(spec: JsonObject, namespace?: string, exceptions: readonly JsonObject[] = []) {
  const written = { name: 'd', namespace, spec: { matchConstraints: PODS, schedule: '0 * * * *', ...spec } };
  const { policies, celExceptions, diagnostics } = loadDocuments([celPolicy('DeletingPolicy', written), ...exceptions]);
  const [first] = policies;
  return { compiled: undefined, ...(first ? engine.compile(first, { celExceptions }) : { diagnostics }) };
}

function judge(spec: JsonObject, namespace?: string, exceptions?: readonly JsonObject[]) {
  const { compiled, diagnostics } = compile(spec, namespace, exceptions);
  if (!compiled) return diagnostics.map(({ message }) => message);
  const request = requestOf(POD, {
    standIns: { ...NO_CLUSTER, namespaces: new Map() },
    now: Date.parse('2026-01-01T00:00:00Z'),
  });
  if (!compiled.matches(request, 'delete')) return 'not asked';
  const { decision } = evaluate(compiled, request, new FactTable(), 'delete');
  const told = decision?.results.map(({ rule, type, status, message }) => [rule, type, status, message]);
  const doomed = decision?.effects.map((effect) => (effect.kind === 'delete' ? effect.target : effect.kind));
  return [told, doomed];
}

const conditions = (...expressions: string[]): JsonObject => ({
  conditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
});
const variables = (expression: string): JsonObject => ({ variables: [{ name: 'v', expression }] });

const TARGET = { apiVersion: 'v1', kind: 'Pod', namespace: 'ns', name: 'p' };
const DOOMED = [[['d', 'Deletion', 'pass', 'resource matched']], [TARGET]];
const STAYS = [[['d', 'Deletion', 'fail', 'resource did not match']], []];
const broken = (message: string) => [[['d', 'Deletion', 'error', message]], []];
const NOT_MATCHED = [[], []];

describe('a DeletingPolicy', () => {
  it.each<[string, JsonObject, unknown]>([
    ['deletes what it matches, whatever operations its rules name', {}, DOOMED],
    ['whose conditions hold', conditions('object.metadata.labels.ttl == "short"', 'true'), DOOMED],
    ['leaves what does not meet them', conditions('object.metadata.labels.ttl == "long"'), STAYS],
    ['leaves what cannot be told', conditions('object.metadata.gone == "x"'), broken('no such key: gone')],
    [
      'reads variables in conditions',
      { ...variables('object.metadata.name'), ...conditions('variables.v == "p"') },
      DOOMED,
    ],
    ['has no request to look at', conditions('request.operation == "CREATE"'), broken('no such attribute(s): request')],
    ['nor an old object', conditions('has(oldObject.metadata)'), broken('no such attribute(s): oldObject')],
    [
      'says nothing of others',
      { matchConstraints: { ...PODS, objectSelector: { matchLabels: { ttl: 'long' } } } },
      NOT_MATCHED,
    ],
    ['needs bools', conditions('"x"'), ['output is expected to be of type bool']],
    [
      'needs a schedule that is one',
      { schedule: 'now and then' },
      ['schedule spec in the deletingPolicy is not in proper cron format: expected at least 5 fields, found 3'],
    ],
    [
      'knows no two-variable macros',
      conditions('[1].all(i, v, true)'),
      ["'all'", "'i'", "'v'"].map((name) => expect.stringContaining(name)),
    ],
  ])('%s', (_name, spec, expected) => {
    expect(judge(spec)).toEqual(expected);
  });

  it('of a namespace stays there', () => {
    expect(judge({}, 'ns')).toEqual(DOOMED);
    expect(judge({}, 'other')).toBe('not asked');
  });

  it('has its plan', () => {
    const { compiled } = compile({ deletionPropagationPolicy: 'Orphan' });
    expect(compiled?.cleanup?.propagationPolicy).toBe('Orphan');
    expect(compiled?.cleanup?.schedule.next(Date.parse('2026-01-01T00:10:00Z'))).toBe(
      Date.parse('2026-01-01T01:00:00Z'),
    );
  });

  it.each<[string, JsonObject, unknown]>([
    ['exempts', {}, STAYS],
    ['exempts wholly, also with images', { images: ['a'] }, STAYS],
    ['that expired does not', { expiresAt: '2025-01-01T00:00:00Z' }, DOOMED],
    ['reads variables', { matchConditions: [{ name: 'c', expression: 'variables.v == "p"' }] }, STAYS],
    ['that does not compile is left out', { matchConditions: [{ name: 'c', expression: 'object.gone' }] }, DOOMED],
    [
      'with an error spares it',
      { matchConditions: [{ name: 'c', expression: 'object.gone == 1' }] },
      broken('no such key: gone'),
    ],
  ])('an exception %s', (_name, rest, expected) => {
    expect(judge(variables('object.metadata.name'), undefined, [celException('DeletingPolicy', 'd', rest)])).toEqual(
      expected,
    );
  });
});
