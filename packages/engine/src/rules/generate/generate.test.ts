import { describe, expect, it } from 'vitest';
import { createEngine } from '../../compile/create-engine.ts';
import { decide } from '../../evaluate/decide.ts';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { STILL_HOST } from '../../kernel/host.fixture.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { loadPolicy } from '../../load/load-policies.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { ALL_RULE_KINDS } from '../index.ts';

const TRIGGER = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'team', uid: 'u1', labels: { zones: 'a,b' } },
};

async function generate(block: JsonObject, answer: (request: FactRequest) => Fact<Json> = () => missing('nobody')) {
  const { policy } = loadPolicy({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['Namespace'] } }] }, generate: block }] },
  });
  if (!policy) throw new Error('the policy of the test is not valid');
  const { compiled } = createEngine({ host: STILL_HOST, ruleKinds: ALL_RULE_KINDS }).compile(policy);
  const asked: FactRequest[] = [];
  const [decision] = await decide(
    compiled ? [compiled] : [],
    requestOf(TRIGGER),
    {
      kinds: new Set(['resource']),
      fetch: async (requests) => {
        asked.push(...requests);
        return requests.map(answer);
      },
    },
    { phase: 'generate' },
  );
  return {
    status: decision?.results[0]?.status,
    message: decision?.results[0]?.message,
    objects: decision?.effects.flatMap((effect) => (effect.kind === 'create' ? [effect.resource] : [])) ?? [],
    asked,
  };
}

function missing(message: string): Fact<Json> {
  return { ok: false, class: 'not-found', message };
}

const LABELS = {
  'app.kubernetes.io/managed-by': 'kyverno',
  'generate.kyverno.io/policy-name': 'p',
  'generate.kyverno.io/policy-namespace': '',
  'generate.kyverno.io/rule-name': 'r',
  'generate.kyverno.io/trigger-version': 'v1',
  'generate.kyverno.io/trigger-group': '',
  'generate.kyverno.io/trigger-kind': 'Namespace',
  'generate.kyverno.io/trigger-namespace': '',
  'generate.kyverno.io/trigger-uid': 'u1',
};

describe('data', () => {
  it('may be left out: an object of that name and nothing more', async () => {
    const { status, objects } = await generate({ apiVersion: 'v1', kind: 'ServiceAccount', name: 'a', namespace: 'n' });
    expect(status).toBe('pass');
    expect(objects).toEqual([
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'n', labels: LABELS } },
    ]);
  });

  it('has labels and annotations that are text, whatever variables make of them', async () => {
    const metadata = { labels: { count: '{{ `2` }}' }, annotations: { on: '{{ `true` }}' } };
    const { objects } = await generate({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', data: { metadata } });
    expect(objects[0]?.['metadata']).toMatchObject({ labels: { count: '2' }, annotations: { on: 'true' } });
  });

  it('becomes an object of the target, with its own labels and those it is found by', async () => {
    const { status, objects } = await generate({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'zk',
      namespace: '{{request.object.metadata.name}}',
      data: { metadata: { labels: { own: 'x' } }, data: { owner: '{{request.object.metadata.name}}' } },
    });
    expect(status).toBe('pass');
    expect(objects).toEqual([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'zk', namespace: 'team', labels: { own: 'x', ...LABELS } },
        data: { owner: 'team' },
      },
    ]);
  });

  it('is an error when a variable does not exist', async () => {
    const { status, objects } = await generate({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: '{{request.object.metadata.nothing}}',
      namespace: 'x',
      data: {},
    });
    expect([status, objects]).toEqual(['error', []]);
  });
});

describe('clone', () => {
  const block = {
    apiVersion: 'v1',
    kind: 'Secret',
    name: 'regcred',
    namespace: 'team',
    clone: { namespace: 'default', name: 'regcred' },
  };
  const source = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'regcred',
      namespace: 'default',
      uid: 's1',
      resourceVersion: '7',
      ownerReferences: [{ uid: 'o' }],
    },
    data: { a: 'Yg==' },
  };

  it('copies without what the server wrote and without owners of another namespace', async () => {
    const { objects, asked } = await generate(block, () => ({ ok: true, value: source }));
    expect(asked).toEqual([
      { kind: 'resource', apiVersion: 'v1', resourceKind: 'Secret', namespace: 'default', name: 'regcred' },
    ]);
    expect(objects[0]).toMatchObject({ metadata: { name: 'regcred', namespace: 'team' }, data: { a: 'Yg==' } });
    expect(Object.keys((objects[0]?.['metadata'] ?? {}) as JsonObject).sort()).toEqual(['labels', 'name', 'namespace']);
    expect(objects[0]).toHaveProperty(['metadata', 'labels', 'generate.kyverno.io/source-uid'], 's1');
  });

  it('tells the target when the source is missing', async () => {
    const { status, message, objects } = await generate(block, () => missing('secrets "regcred" not found'));
    expect([status, message, objects]).toEqual([
      'error',
      'source resource v1/Secret/team/regcred not found: secrets "regcred" not found',
      [],
    ]);
  });

  it('of an object onto itself does nothing', async () => {
    const { status, objects } = await generate({ ...block, clone: { namespace: 'team', name: 'regcred' } });
    expect([status, objects]).toEqual(['pass', []]);
  });
});

describe('cloneList', () => {
  it('copies every object of the kinds that the selector finds, under its own name', async () => {
    const { objects, asked } = await generate(
      {
        namespace: 'team',
        cloneList: {
          namespace: 'default',
          kinds: ['v1/Secret', 'v1/ConfigMap'],
          selector: { matchLabels: { copy: 'yes' } },
        },
      },
      (request) => {
        const kind = request.kind === 'resource' ? request.resourceKind : '';
        return {
          ok: true,
          value: [{ apiVersion: 'v1', kind, metadata: { name: `the-${kind}`, namespace: 'default' } }],
        };
      },
    );
    expect(asked.map((request) => (request.kind === 'resource' ? request.labelSelector : ''))).toEqual([
      'copy=yes',
      'copy=yes',
    ]);
    expect(
      objects.map(({ kind, metadata }) => [
        kind,
        (metadata as JsonObject)['name'],
        (metadata as JsonObject)['namespace'],
      ]),
    ).toEqual([
      ['Secret', 'the-Secret', 'team'],
      ['ConfigMap', 'the-ConfigMap', 'team'],
    ]);
  });
});

describe('foreach', () => {
  it('generates for each element, and goes on after one that fails', async () => {
    const { status, message, objects } = await generate({
      foreach: [
        {
          list: "split(request.object.metadata.labels.zones, ',')",
          preconditions: { all: [{ key: '{{element}}', operator: 'NotEquals', value: 'b' }] },
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: 'zone-{{element}}-{{elementIndex}}',
          namespace: 'team',
          data: {},
        },
        { list: 'request.object.nothing', apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: 'y', data: {} },
      ],
    });
    expect(objects.map(({ metadata }) => (metadata as JsonObject)['name'])).toEqual(['zone-a-0']);
    expect(status).toBe('error');
    expect(message).toContain('failed to evaluate 1 foreach list');
  });
});
