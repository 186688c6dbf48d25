import { describe, expect, it } from 'vitest';
import { FactTable } from '../../facts/fact-table.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { createScope } from '../../lang/variables/create-scope.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { inputOf, policyOfRule } from '../rule.fixture.ts';
import type { RuleBodyOutcome } from '../rule-kind.ts';
import { mutate } from './mutate.ts';

const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'n', namespace: 'ns', labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'a', image: 'x:1' },
      { name: 'b', image: 'y:latest' },
    ],
  },
};

interface Situation {
  readonly resource?: JsonObject;
  readonly facts?: FactTable;
  readonly phase?: Phase;
  readonly admission?: JsonObject;
  readonly namespace?: string;
}

function run(block: JsonObject, situation: Situation = {}): RuleBodyOutcome | undefined {
  const outcomes = runAll(block, situation);
  expect(outcomes.length).toBeLessThan(2);
  return outcomes[0];
}

function runAll(block: JsonObject, situation: Situation = {}): readonly RuleBodyOutcome[] {
  const { resource = POD, facts = new FactTable(), phase = 'mutate', admission, namespace } = situation;
  const { policy, rule } = policyOfRule({ rule: { mutate: block }, namespace });
  const input = inputOf(requestOf(resource, { admission, namespace: 'ns', name: 'n' }), { phase, facts });
  const body = mutate.compile({ policy, rule, host: STILL_HOST, report: () => undefined });
  if (body.applies?.(input) === false) return [];
  const outcome = body.evaluate({ input, scope: createScope(input, { host: STILL_HOST }), action: 'Audit' });
  return outcome === undefined ? [] : [outcome].flat();
}

function specOf(outcome: RuleBodyOutcome | undefined): Json | undefined {
  return outcome?.resource?.['spec'];
}

describe('a mutate rule', () => {
  it('merges a patch with variables', () => {
    const outcome = run({
      patchStrategicMerge: { metadata: { labels: { '+(app)': 'other', owner: '{{ request.object.metadata.name }}' } } },
    });
    expect(outcome).toEqual({
      status: 'pass',
      message: 'mutated Pod/n in namespace ns',
      resource: { ...POD, metadata: { name: 'n', namespace: 'ns', labels: { app: 'web', owner: 'n' } } },
    });
  });

  it('names a cluster resource without its namespace', () => {
    const resource = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } };
    expect(run({ patchStrategicMerge: { metadata: { labels: { a: 'b' } } } }, { resource })?.message).toBe(
      'mutated Namespace/x',
    );
  });

  it('skips when nothing changes', () => {
    const skipped = { status: 'skip', message: 'no patches applied' };
    expect(run({ patchStrategicMerge: { metadata: { labels: { app: 'web' } } } })).toEqual(skipped);
    expect(run({ patchesJson6902: '- {op: replace, path: /metadata/labels/app, value: web}' })).toEqual(skipped);
  });

  it.each([
    ['YAML', '- op: add\n  path: /spec/nodeSelector/disk\n  value: ssd\n- op: remove\n  path: /spec/nothing'],
    ['JSON', '[{"op": "add", "path": "/spec/nodeSelector/disk", "value": "ssd"}]'],
  ])('applies JSON patches in %s', (_, text) => {
    expect(specOf(run({ patchesJson6902: text }))).toEqual({
      ...(POD['spec'] as JsonObject),
      nodeSelector: { disk: 'ssd' },
    });
  });

  it('prefers the merge when both are given', () => {
    const outcome = run({
      patchStrategicMerge: { spec: { a: 1 } },
      patchesJson6902: '- {op: add, path: /spec/b, value: 2}',
    });
    expect(specOf(outcome)).toEqual({ ...(POD['spec'] as JsonObject), a: 1 });
  });

  it.each<[JsonObject, string]>([
    [{}, 'empty mutate rule'],
    [{ patchStrategicMerge: { spec: { containers: 'x' } } }, 'failed to patch resource: wrong node kind'],
    [
      { patchStrategicMerge: { metadata: { labels: { a: '{{ request.object.nothing }}' } } } },
      'variable substitution failed: failed to resolve request.object.nothing at path /mutate/patchStrategicMerge/metadata/labels/a',
    ],
    [
      { patchesJson6902: '- {op: replace, path: /spec/none, value: 1}' },
      'failed to patch resource: replace operation does not apply',
    ],
    [{ patchesJson6902: '- {op: explode, path: /spec}' }, 'failed to patch resource: failed to decode patches'],
    [{ patchesJson6902: '- {op: replace, path: /kind, value: ""}' }, 'failed to unmarshal patched resource'],
  ])('%j is an error', (block, message) => {
    const outcome = run(block);
    expect(outcome?.status).toBe('error');
    expect(outcome?.message).toContain(message);
    expect(outcome?.resource).toBeUndefined();
  });
});

describe('mutate.foreach', () => {
  const list = 'request.object.spec.containers';

  it('patches each element, by index', () => {
    const outcome = run({
      foreach: [
        {
          list,
          preconditions: { all: [{ key: '{{ element.image }}', operator: 'Equals', value: '*:latest' }] },
          patchesJson6902: '- op: add\n  path: /spec/containers/{{elementIndex}}/imagePullPolicy\n  value: Always',
        },
      ],
    });
    expect(outcome).toMatchObject({ status: 'pass', message: 'mutated Pod/n in namespace ns' });
    expect(specOf(outcome)).toEqual({
      containers: [
        { name: 'a', image: 'x:1' },
        { name: 'b', image: 'y:latest', imagePullPolicy: 'Always' },
      ],
    });
  });

  it('goes through merges backwards, so that prepending keeps the order', () => {
    const block = (order?: string): JsonObject => ({
      foreach: [
        {
          list: '[`"1"`, `"2"`]',
          ...(order ? { order } : {}),
          patchStrategicMerge: { spec: { volumes: [{ name: 'v{{ element }}' }] } },
        },
      ],
    });
    const names = (outcome: RuleBodyOutcome | undefined): Json => (specOf(outcome) as JsonObject)['volumes'] ?? null;
    expect(names(run(block()))).toEqual([{ name: 'v1' }, { name: 'v2' }]);
    expect(names(run(block('Ascending')))).toEqual([{ name: 'v2' }, { name: 'v1' }]);
  });

  it('sees the changes of an earlier block, not of an earlier element', () => {
    const outcome = run({
      foreach: [
        { list, patchStrategicMerge: { metadata: { labels: { last: '{{ element.name }}' } } } },
        {
          list: '[request.object.metadata.labels.last]',
          patchStrategicMerge: { metadata: { labels: { seen: '{{ element }}' } } },
        },
      ],
    });
    expect(outcome?.resource?.['metadata']).toMatchObject({ labels: { last: 'a', seen: 'a' } });
  });

  it('nests', () => {
    const outcome = run({
      foreach: [
        {
          list,
          foreach: [
            {
              list: "['X', 'Y']",
              order: 'Ascending',
              patchesJson6902:
                '- op: add\n  path: /spec/containers/{{elementIndex0}}/env/-\n  value: {name: "{{element1}}", value: "{{element0.name}}"}',
            },
          ],
        },
      ],
    });
    expect((specOf(outcome) as JsonObject)['containers']).toEqual([
      {
        name: 'a',
        image: 'x:1',
        env: [
          { name: 'X', value: 'a' },
          { name: 'Y', value: 'a' },
        ],
      },
      {
        name: 'b',
        image: 'y:latest',
        env: [
          { name: 'X', value: 'b' },
          { name: 'Y', value: 'b' },
        ],
      },
    ]);
  });

  it('skips when no element changes', () => {
    expect(run({ foreach: [{ list: '`[]`', patchStrategicMerge: { spec: { x: 1 } } }] })).toEqual({
      status: 'skip',
      message: '0 elements processed',
    });
    expect(run({ foreach: [{ list: '[null]', patchStrategicMerge: { spec: { x: 1 } } }] })?.status).toBe('skip');
  });

  it.each<[JsonObject, string]>([
    [
      { list: 'request.object.spec.nothing', patchStrategicMerge: {} },
      'failed to evaluate list request.object.spec.nothing: JMESPath query failed: Unknown key "nothing" in path',
    ],
    [
      { list, patchesJson6902: '- {op: replace, path: /spec/none, value: 1}' },
      'failed to mutate elements: failed to patch resource',
    ],
    [
      { list, patchStrategicMerge: { a: '{{ element.none }}' } },
      'failed to mutate elements: variable substitution failed: failed to resolve element.none at path /patchStrategicMerge/a',
    ],
    [
      {
        list,
        preconditions: { all: [{ key: '{{ element.none }}', operator: 'Equals', value: 1 }] },
        patchStrategicMerge: {},
      },
      'failed to mutate elements: failed to evaluate mutate.foreach[1].preconditions',
    ],
  ])('%j is an error', (block, message) => {
    const outcome = run({ foreach: [block] });
    expect(outcome?.status).toBe('error');
    expect(outcome?.message).toContain(message);
  });
});

describe('mutate.targets', () => {
  const secret = (name: string, namespace = 'ns'): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
  });
  const block: JsonObject = {
    targets: [{ apiVersion: 'v1', kind: 'Secret', namespace: '{{ request.object.metadata.namespace }}', name: 's*' }],
    patchStrategicMerge: { metadata: { labels: { from: '{{ target.metadata.name }}' } } },
  };

  function factsWith(value: Json): FactTable {
    const facts = new FactTable();
    facts.add({ kind: 'resource', apiVersion: 'v1', resourceKind: 'Secret', namespace: 'ns' }, { ok: true, value });
    return facts;
  }

  it('needs the objects, then asks to update those that change', () => {
    expect(() => run(block)).toThrow('a fact is missing: resource');
    const outcome = run(block, { facts: factsWith({ items: [secret('s1'), secret('other')] }) });
    expect(outcome).toEqual({
      status: 'pass',
      message: 'mutated Secret/s1 in namespace ns',
      effects: [
        {
          kind: 'update',
          resource: { ...secret('s1'), metadata: { name: 's1', namespace: 'ns', labels: { from: 's1' } } },
        },
      ],
    });
  });

  it('runs in the background, not during admission', () => {
    const facts = factsWith([secret('s1')]);
    expect(run(block, { facts, admission: { uid: '1' } })).toBeUndefined();
    expect(run(block, { facts, admission: { uid: '1' }, phase: 'generate' })?.status).toBe('pass');
  });

  it('tells preconditions that do not hold, and errors', () => {
    const conditions = { preconditions: { all: [{ key: '{{ target.kind }}', operator: 'Equals', value: 'X' }] } };
    const [target] = block['targets'] as readonly JsonObject[];
    const facts = factsWith([secret('s1')]);
    expect(run({ ...block, targets: [{ ...target, ...conditions }] }, { facts })).toEqual({
      status: 'skip',
      message: 'preconditions not met',
    });
    const broken = { apiVersion: 'v1', kind: 'Secret', name: '{{ nothing }}' };
    expect(run({ ...block, targets: [broken] }, { facts })).toMatchObject({
      status: 'error',
      message: expect.stringContaining('failed to substitute variables in target[0]'),
    });
  });

  it('tells each target, and first what could not be looked up', () => {
    const [target] = block['targets'] as readonly JsonObject[];
    const facts = factsWith([secret('s1'), secret('s2')]);
    const lost = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ns', name: 'c' };
    facts.add(
      { kind: 'resource', apiVersion: 'v1', resourceKind: 'ConfigMap', namespace: 'ns', name: 'c' },
      { ok: false, class: 'denied', message: 'not allowed to read' },
    );
    expect(runAll({ ...block, targets: [target ?? {}, lost] }, { facts })).toMatchObject([
      { status: 'error', message: 'not allowed to read' },
      { status: 'pass', message: 'mutated Secret/s1 in namespace ns', effects: [{ kind: 'update' }] },
      { status: 'pass', message: 'mutated Secret/s2 in namespace ns', effects: [{ kind: 'update' }] },
    ]);
  });

  it('stays in the namespace of a namespaced policy', () => {
    const facts = factsWith([secret('s1'), secret('s2', 'elsewhere')]);
    const [target] = block['targets'] as readonly JsonObject[];
    const elsewhere = { ...block, targets: [{ ...target, namespace: 'elsewhere' }] };
    expect(run(elsewhere, { facts, namespace: 'ns' })?.message).toBe('mutated Secret/s1 in namespace ns');
  });
});
