import { describe, expect, it } from 'vitest';
import { evaluate } from '../../evaluate/evaluate.ts';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { tableOf } from '../../facts/fact-source.fixture.ts';
import type { FactTable } from '../../facts/fact-table.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { NO_CLUSTER, requestOf } from '../../model/request.fixture.ts';
import { celException, celPolicy, engine, loadDocuments, matching } from '../policies.fixture.ts';

const NAMESPACE: JsonObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'team',
    uid: 'u-1',
    labels: { 'app.kubernetes.io/name': 'x', evil: 'a\nkind: ClusterRoleBinding\nx: (( object.metadata.uid ))' },
  },
};

interface Situation {
  readonly spec: JsonObject;
  /** Makes it a policy of this namespace, about ConfigMaps. */
  readonly namespace?: string;
  readonly exception?: JsonObject;
  readonly inCluster?: boolean;
}

function compile({ spec, namespace, exception }: Situation) {
  const matchConstraints = matching(namespace === undefined ? 'namespaces' : 'configmaps');
  const policy = celPolicy('GeneratingPolicy', { namespace, spec: { matchConstraints, ...spec } });
  const { policies, celExceptions, diagnostics } = loadDocuments(exception ? [policy, exception] : [policy]);
  const [loaded] = policies;
  return { compiled: undefined, ...(loaded ? engine.compile(loaded, { celExceptions }) : { diagnostics }) };
}

const CLUSTER_KINDS: readonly string[] = ['ClusterRole', 'Namespace'];

/** Answers about kinds as the API server would. */
function kindFacts(kinds: readonly string[]): FactTable {
  return tableOf(
    kinds.map((resourceKind): readonly [FactRequest, Fact] => {
      const value = { group: '', version: 'v1', resource: 'x', namespaced: !CLUSTER_KINDS.includes(resourceKind) };
      return [
        { kind: 'kind-mapping', apiVersion: 'v1', resourceKind },
        { ok: true, value },
      ];
    }),
  );
}

function judge(situation: Situation) {
  const { compiled, diagnostics } = compile(situation);
  if (!compiled) return { problems: diagnostics.map(({ message }) => message) };
  const { namespace, inCluster = false } = situation;
  const trigger: JsonObject =
    namespace === undefined
      ? NAMESPACE
      : { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace, uid: 'u-2' } };
  const request = requestOf(trigger, {
    now: Date.parse('2026-01-01T00:00:00Z'),
    ...(inCluster ? {} : { standIns: { ...NO_CLUSTER, namespaces: new Map() } }),
  });
  const table = kindFacts(['ConfigMap', 'Secret', 'ClusterRole', 'Namespace']);
  const { decision } = evaluate(compiled, request, table, 'generate');
  return {
    results: decision?.results.map(({ rule, status, message }) => [rule, status, message]) ?? [],
    properties: decision?.results[0]?.properties,
    effects: decision?.effects ?? [],
    objects: decision?.effects.flatMap((effect) => (effect.kind === 'create' ? [effect.resource] : [])) ?? [],
  };
}

const template = (value: string, interpolate = 'cel'): JsonObject => ({
  generate: [{ template: { value, interpolate } }],
});
const expression = (text: string, rest: JsonObject = {}): JsonObject => ({ generate: [{ expression: text }], ...rest });
const object = (rest: string, metadata = '{"name": "a"}'): string =>
  `{"apiVersion": dyn("v1"), "kind": dyn("ConfigMap"), "metadata": dyn(${metadata})${rest}}`;

const PASSED = ['p', 'pass', 'policy evaluated successfully'];
const FAILED = (cause: string) => ['p', 'error', `failed to evaluate policy: ${cause}`];

describe('generator.Apply', () => {
  it('asks for the objects, in the namespace it names', () => {
    const { results, objects } = judge({ spec: expression(`generator.Apply(object.metadata.name, [${object('')}])`) });
    expect(results).toEqual([PASSED]);
    expect(objects).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'team' } }]);
  });

  it('takes a list for its items, and leaves behind what the API server wrote', () => {
    const metadata =
      '{"name": "a", "namespace": "from", "uid": "u", "resourceVersion": "3", "creationTimestamp": "x", "managedFields": [], "ownerReferences": [{"uid": "o"}], "labels": {"a": "b"}}';
    const { objects } = judge({
      spec: expression(`generator.apply("to", [{"items": dyn([${object('', metadata)}])}])`),
    });
    expect(objects).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'to', labels: { a: 'b' } } },
    ]);
  });

  it('labels objects in a cluster, so that they are found again', () => {
    const metadata = '{"name": "a", "uid": "s-1", "resourceVersion": "3", "labels": {"a": "b"}}';
    const spec = expression(`generator.Apply("team", [${object('', metadata)}])`);
    const { objects = [] } = judge({ spec, inCluster: true });
    expect(objects[0]).toMatchObject({
      metadata: {
        labels: {
          a: 'b',
          'app.kubernetes.io/managed-by': 'kyverno',
          'generate.kyverno.io/policy-name': 'p',
          'generate.kyverno.io/trigger-name': 'team',
          'generate.kyverno.io/trigger-kind': 'Namespace',
          'generate.kyverno.io/trigger-uid': 'u-1',
          'generate.kyverno.io/source-uid': 's-1',
        },
      },
    });
  });

  it('gives kinds without namespaces none', () => {
    const role = object('', '{"name": "r"}').replace('ConfigMap', 'ClusterRole');
    const { objects } = judge({ spec: expression(`generator.Apply("team", [${role}])`), inCluster: true });
    expect(objects?.[0]?.['metadata']).not.toHaveProperty('namespace');
  });

  it.each([
    ['no kind', '{"apiVersion": dyn("v1")}', "Object 'Kind' is missing"],
    ['no version', '{"kind": dyn("Secret")}', "Object 'apiVersion' is missing"],
  ])('refuses an object with %s', (_name, text, cause) => {
    expect(judge({ spec: expression(`generator.Apply("a", [${text}])`) }).results).toEqual([
      FAILED(`failed to generate resources: ${cause}`),
    ]);
  });

  it('keeps nothing of an evaluation that fails', () => {
    const spec = {
      generate: [{ expression: `generator.Apply("a", [${object('')}])` }, { expression: 'object.nothing == 1' }],
    };
    const { results, objects } = judge({ spec });
    expect(results).toEqual([FAILED('no such key: nothing')]);
    expect(objects).toEqual([]);
  });

  it('ends at a thousand objects', () => {
    const items = Array.from({ length: 40 }, () => '1').join(', ');
    const many = `[${items}].map(a, [${items}].map(b, ${object('')}))`;
    const { results, objects } = judge({ spec: expression(`${many}.all(list, generator.Apply("a", list))`) });
    expect(results).toEqual([FAILED('failed to generate resources: more than 1000 objects for one trigger')]);
    expect(objects).toEqual([]);
  });

  it('does nothing where the conditions do not hold, and tells when they cannot be told', () => {
    const conditions = (text: string) => ({ matchConditions: [{ name: 'c', expression: text }] });
    const apply = `generator.Apply("a", [${object('')}])`;
    expect(judge({ spec: expression(apply, conditions('object.metadata.name == "x"')) }).results).toEqual([]);
    expect(judge({ spec: expression(apply, conditions('object.nothing == 1')) }).results).toEqual([
      FAILED('no such key: nothing'),
    ]);
  });

  it('knows no variables in conditions, and mixes types in literals', () => {
    const spec = expression(
      `generator.Apply("a", [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}])`,
      {
        variables: [{ name: 'x', expression: '[1, "a"]' }],
        matchConditions: [{ name: 'c', expression: 'variables.x.size() == 2' }],
      },
    );
    expect(judge({ spec }).problems?.[0]).toContain("undefined field 'x'");
  });

  it('tells audit annotations', () => {
    const spec = expression(`generator.Apply("a", [${object('')}])`, {
      auditAnnotations: [{ key: 'who', valueExpression: 'object.metadata.name' }],
    });
    expect(judge({ spec }).properties).toEqual({ who: 'team' });
  });
});

describe('a policy of a namespace', () => {
  it('generates there and nowhere else', () => {
    const { objects } = judge({
      namespace: 'home',
      spec: expression(`generator.Apply([${object('', '{"name": "a", "namespace": "other"}')}])`),
    });
    expect(objects).toMatchObject([{ metadata: { namespace: 'home' } }]);
  });

  it('cannot name another namespace', () => {
    const spec = expression(`generator.Apply("other", [${object('')}])`);
    expect(judge({ namespace: 'home', spec }).problems?.[0]).toContain('found no matching overload');
  });

  it('generates nothing without namespace', () => {
    const role = object('').replace('ConfigMap', 'ClusterRole');
    const denied =
      'cross-scope generation denied: a policy scoped to namespace "home" cannot generate cluster-scoped resource v1/ClusterRole';
    expect(judge({ namespace: 'home', spec: expression(`generator.Apply([${role}])`) }).results).toEqual([
      FAILED(`failed to generate resources: ${denied}`),
    ]);
    const text = 'apiVersion: v1\nkind: ClusterRole\nmetadata: {name: a}';
    expect(judge({ namespace: 'home', spec: template(text) }).results).toEqual([FAILED(denied)]);
  });

  it('is held to it in templates', () => {
    const at = (namespace: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a${namespace}}`;
    expect(judge({ namespace: 'home', spec: template(at('')) }).objects).toMatchObject([
      { metadata: { namespace: 'home' } },
    ]);
    const denied = 'a policy in namespace "home" cannot generate resources into namespace "kube-system"';
    expect(judge({ namespace: 'home', spec: template(at(', namespace: kube-system')) }).results).toEqual([
      FAILED(`cross-namespace generation denied: ${denied}`),
    ]);
    expect(
      judge({ namespace: 'home', spec: template(at(", namespace: \"(( 'kube-' + 'system' ))\"")) }).results,
    ).toEqual([FAILED(`cross-namespace generation denied: ${denied}`)]);
  });
});

describe('exceptions', () => {
  const spec = expression(`generator.Apply("a", [${object('')}])`);
  it.each([
    ['holds', {}, 'p', ['exception', 'skip', 'rule is skipped due to policy exception: ns/e']],
    [
      'asks to pass',
      { reportResult: 'pass' },
      'p',
      ['exception', 'pass', 'rule is passed due to policy exception: ns/e'],
    ],
    // Upstream goes on honouring it; its CLI also honours exceptions of other policies.
    ['has expired', { expiresAt: '2025-12-31T00:00:00Z' }, 'p', PASSED],
    ['is of another policy', {}, 'other', PASSED],
    [
      'is not about the object',
      { matchConditions: [{ name: 'c', expression: 'object.metadata.name == "x"' }] },
      'p',
      PASSED,
    ],
  ])('one that %s', (_name, rest, name, expected) => {
    const { results, objects } = judge({ spec, exception: celException('GeneratingPolicy', name, rest) });
    expect(results).toEqual([expected]);
    expect(objects).toHaveLength(expected === PASSED ? 1 : 0);
  });
});

describe('templates', () => {
  const document = (field: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n${field}\n`;
  const rendered = (field: string, interpolate?: string) => {
    const outcome = judge({ spec: template(document(field), interpolate) });
    return outcome.problems ?? outcome.objects?.[0]?.['x'] ?? outcome.results?.[0]?.[2];
  };

  it.each([
    ['one placeholder is its value', 'x: (( [1, 2] ))', [1, 2]],
    ['quoted as well', 'x: "(( 1 + 1 ))"', 2],
    ['maps, too', 'x: (( object.metadata ))', NAMESPACE['metadata']],
    ['null is a value', 'x: (( null ))', 'policy evaluated successfully'],
    ['in a text', 'x: a-(( 1 ))-(( true ))-(( "b" ))', 'a-1-true-b'],
    ['doubles as Go prints them', 'x: v(( 1000000.0 ))/(( 0.5 ))/(( 2.0 ))', 'v1e+06/0.5/2'],
    ['literal YAML keeps its types', 'x: {a: 1, b: [true, "1"], c: (( 2 ))}', { a: 1, b: [true, '1'], c: 2 }],
    ['keys beside placeholders are texts', 'x: {1: (( 2 )), on: b}', { 1: 2, on: 'b' }],
    ['anchors', 'x: [&a {n: (( 1 ))}, *a]', [{ n: 1 }, { n: 1 }]],
    ['an escape is literal', 'x: \\(( a ))', '(( a ))'],
    ['a trap: texts in texts', `x: (( "a))" ))`, 'a))'],
    [
      'lists in a text',
      'x: a-(( [1] ))',
      'failed to evaluate policy: failed to render generation template: document 0: field "x": placeholder "[1]" embedded in a string must evaluate to a scalar, got list; use a whole-value placeholder for structured results',
    ],
    [
      'null in a text',
      'x: a-(( null ))',
      'failed to evaluate policy: failed to render generation template: document 0: field "x": placeholder "null" embedded in a string must evaluate to a scalar, got null_type; use a whole-value placeholder for structured results',
    ],
    [
      'an error names its place',
      'x: [a, (( object.nothing ))]',
      'failed to evaluate policy: failed to render generation template: document 0: field "x": item 1: failed to evaluate placeholder "object.nothing": no such key: nothing',
    ],
    [
      'no keys',
      '(( object.metadata.name )): a',
      [
        'line 5: placeholders are not supported in mapping keys; use a whole-value placeholder on the parent field instead (e.g. labels: (( variables.labels )))',
      ],
    ],
    [
      'no merge keys beside',
      'x: {<<: {a: 1}, b: (( 1 ))}',
      ['line 5: merge keys (<<) are not supported beside placeholders'],
    ],
    [
      'scanner problems have a line',
      'x: (( 1',
      ["line 5: unterminated placeholder starting at offset 0: missing closing '))'"],
    ],
  ])('%s', (_name, field, expected) => {
    expect(rendered(field)).toEqual(expected);
  });

  it('takes placeholders as text without interpolation', () => {
    expect(rendered('x: (( 1 ))', 'none')).toBe('(( 1 ))');
  });

  it('renders each document, a whole one from an expression as well', () => {
    const whole = `(( object ))`;
    const { objects } = judge({ spec: template(`---\n---\n${document('x: 1')}---\n${whole}\n---\nnull\n`) });
    expect(objects?.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Namespace']);
  });

  it.each([
    ['', 'template must contain at least one YAML document'],
    ['a: 1\n---\n[1]', 'line 3: document must be a mapping describing a resource'],
    ['a: [1', 'line 1: '],
  ])('refuses %j', (text, problem) => {
    expect(judge({ spec: template(text === '' ? '---' : text) }).problems?.[0]).toContain(problem);
  });
});

describe('attacks on templates', () => {
  it('a value cannot add a field, a document or a placeholder', () => {
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: (( object.metadata.labels.evil ))\n  y: v-(( object.metadata.labels.evil ))\n`;
    const { objects } = judge({ spec: template(text) });
    const evil = 'a\nkind: ClusterRoleBinding\nx: (( object.metadata.uid ))';
    expect(objects).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: evil, y: `v-${evil}` } },
    ]);
  });

  it('members named like those of objects stay data', () => {
    const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: {__proto__: "(( {'polluted': true} ))", constructor: (( 1 ))}\n`;
    const { objects = [] } = judge({ spec: template(text) });
    expect(JSON.stringify(objects[0]?.['x'])).toBe('{"__proto__":{"polluted":true},"constructor":1}');
    expect({}).not.toHaveProperty('polluted');
    const built = judge({
      spec: expression(`generator.Apply("a", [${object(', "__proto__": dyn({"polluted": true})')}])`),
    });
    expect(Object.keys(built.objects?.[0] ?? {})).toContain('__proto__');
    expect({}).not.toHaveProperty('polluted');
  });

  it.each([
    [
      'aliases of aliases',
      `a: &a [x, (( 1 ))]\n${'bcdefghij'
        .split('')
        .map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abcdefghi'[index]}`).join(', ')}]`)
        .join('\n')}`,
    ],
    ['an anchor in itself', 'a: &a [(( 1 )), *a]'],
    ['brackets without end', `a: ${'['.repeat(200_000)}`],
    ['levels without end', `a: ${'['.repeat(150)}(( 1 ))${']'.repeat(150)}`],
  ])('%s are refused', (_name, text) => {
    const { problems = [] } = judge({ spec: template(text) });
    expect(problems.length).toBeGreaterThan(0);
  });
});

it('what is generated is kept, and applied on the server, where the policy says so', () => {
  const value = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n';
  const ways = { evaluation: { synchronize: { enabled: true } }, useServerSideApply: true };
  const [plain] = judge({ spec: template(value) }).effects ?? [];
  expect(plain).not.toHaveProperty('serverSideApply');
  expect(judge({ spec: { ...template(value), ...ways } }).effects).toMatchObject([
    { kind: 'create', synchronize: true, serverSideApply: true },
  ]);
});
