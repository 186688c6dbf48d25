import { CelError, type CelValue, createKyvernoEnvironment } from '@vouchsafe/cel';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { builtInSchema } from './built-in-schema.ts';
import { definitionSchema } from './definition-schema.ts';
import { DEDUCED, type ObjectSchema } from './object-schema.ts';

const environment = createKyvernoEnvironment('mutating');

function celValue(expression: string): CelValue {
  const compiled = environment.compile(expression);
  if ('issues' in compiled) throw new Error(compiled.issues.map(({ message }) => message).join('; '));
  const value = compiled.program.evaluate({}, { host: {} });
  if (value instanceof CelError) throw new Error(value.message);
  return value;
}

function apply(
  expression: string,
  object: JsonObject,
  { schema = schemaOf(object), allowAtomic = false }: { schema?: ObjectSchema; allowAtomic?: boolean } = {},
): Json {
  const applied = applyConfiguration(celValue(expression), object, { schema, allowAtomic });
  return applied instanceof CelError ? applied.message : applied;
}

function schemaOf(object: JsonObject): ObjectSchema | undefined {
  return builtInSchema(String(object['apiVersion']), String(object['kind']));
}

function pod(spec: JsonObject, metadata: JsonObject = { name: 'p' }): JsonObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec };
}

const TWO = pod({
  containers: [
    { name: 'a', image: 'a:1' },
    { name: 'b', image: 'b:1' },
  ],
});

describe('what is merged', () => {
  it.each([
    [
      'maps by member',
      "Object{metadata: Object.metadata{labels: {'new': '1', 'old': '2'}}}",
      pod({}, { name: 'p', labels: { old: '1', kept: '1' } }),
      pod({}, { name: 'p', labels: { old: '2', kept: '1', new: '1' } }),
    ],
    [
      'lists by their keys, in their order',
      "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'b', tty: true}]}}",
      TWO,
      pod({
        containers: [
          { name: 'a', image: 'a:1' },
          { name: 'b', image: 'b:1', tty: true },
        ],
      }),
    ],
    [
      'what a list lacks comes after',
      "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'c'}]}}",
      TWO,
      pod({ containers: [{ name: 'a', image: 'a:1' }, { name: 'b', image: 'b:1' }, { name: 'c' }] }),
    ],
    [
      'elements of both in the order of the configuration',
      "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'b'}, Object.spec.containers{name: 'a'}]}}",
      TWO,
      pod({
        containers: [
          { name: 'b', image: 'b:1' },
          { name: 'a', image: 'a:1' },
        ],
      }),
    ],
    [
      'keys that are left out by their defaults',
      "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a', ports: [Object.spec.containers.ports{containerPort: 80, name: 'http'}]}]}}",
      pod({
        containers: [
          {
            name: 'a',
            ports: [
              { containerPort: 80, protocol: 'TCP' },
              { containerPort: 80, protocol: 'UDP' },
            ],
          },
        ],
      }),
      pod({
        containers: [
          {
            name: 'a',
            ports: [
              { containerPort: 80, protocol: 'TCP', name: 'http' },
              { containerPort: 80, protocol: 'UDP' },
            ],
          },
        ],
      }),
    ],
    [
      'sets by value',
      "Object{metadata: Object.metadata{finalizers: ['b', 'c']}}",
      pod({}, { name: 'p', finalizers: ['a', 'b'] }),
      pod({}, { name: 'p', finalizers: ['a', 'b', 'c'] }),
    ],
    [
      'scalars replace',
      "Object{spec: Object.spec{hostname: 'new'}}",
      pod({ hostname: 'old', nodeName: 'n' }),
      pod({ hostname: 'new', nodeName: 'n' }),
    ],
    ['nothing', 'Object{}', TWO, TWO],
    [
      'fields of a newer Kubernetes stay',
      "Object{spec: Object.spec{hostname: 'h'}}",
      pod({ ofTomorrow: [1], containers: [] }),
      pod({ ofTomorrow: [1], containers: [], hostname: 'h' }),
    ],
  ] satisfies [string, string, JsonObject, JsonObject][])('%s', (_what, expression, object, expected) => {
    const before = structuredClone(object);
    expect(apply(expression, object)).toEqual(expected);
    expect(object).toEqual(before);
  });
});

const GUARD = 'error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs';

describe('what would be replaced as a whole is refused', () => {
  it.each([
    ["Object{spec: Object.spec{nodeSelector: {'a': 'b'}}}", '.spec.nodeSelector'],
    [
      "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'a', command: ['sh'], args: ['x']}]}}",
      '.spec.containers[0].command, .spec.containers[0].args',
    ],
    ["Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: 'k'}]}}", '.spec.tolerations'],
  ])('%s', (expression, paths) => {
    expect(apply(expression, TWO)).toBe(`${GUARD}: ${paths}`);
    expect(typeof apply(expression, TWO, { allowAtomic: true })).toBe('object');
  });

  it('replaces it where the policy uses server-side apply', () => {
    const live = pod({ nodeSelector: { old: '1' } });
    const expression = "Object{spec: Object.spec{nodeSelector: {'new': '1'}}}";
    expect(apply(expression, live, { allowAtomic: true })).toEqual(pod({ nodeSelector: { new: '1' } }));
  });
});

const CONVERT = 'error applying patch: failed to convert patch object to typed object:';

describe('what does not fit is an error', () => {
  it.each([
    ['Object{spec: Object.spec{replicasx: 1}}', `${CONVERT} .spec.replicasx: field not declared in schema`],
    [
      "Object{spec: Object.spec{priority: 'high'}}",
      `${CONVERT} .spec.priority: expected numeric (int or float), got string`,
    ],
    [
      'Object{spec: Object.spec{containers: Object.spec.containers{}}}',
      `${CONVERT} .spec.containers: expected list, got &{map[]}`,
    ],
    [
      "Object{spec: Object.specx{hostname: 'h'}}",
      'type mismatch: unexpected type name "Object.specx", expected "Object.spec", which matches field name path from root Object type',
    ],
    [
      "Object{metadata: Object.metadata{finalizers: ['a', 'a']}}",
      `${CONVERT} .metadata.finalizers: duplicate entries for key [="a"]`,
    ],
  ])('%s', (expression, message) => {
    expect(apply(expression, TWO)).toBe(message);
  });

  it('an object of a kind that nobody knows', () => {
    const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } };
    const value = celValue("Object{metadata: Object.metadata{labels: {'a': 'b'}}}");
    const applied = applyConfiguration(value, object, { schema: undefined, allowAtomic: false });
    expect(applied).toEqual(new CelError('error applying patch: type converter must not be nil'));
  });
});

describe('kinds of definitions', () => {
  const definition = definitionSchema({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          color: { type: 'string' },
          parts: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['id'],
            items: { type: 'object', properties: { id: { type: 'string' }, size: { type: 'integer' } } },
          },
          tags: { type: 'array', items: { type: 'string' } },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  });
  const widget = (spec: JsonObject): JsonObject => ({ apiVersion: 'e/v1', kind: 'W', metadata: { name: 'w' }, spec });

  it.each([
    [
      "Object{spec: Object.spec{parts: [Object.spec.parts{id: 'x', size: 2}]}}",
      widget({ parts: [{ id: 'x', size: 2 }, { id: 'y' }] }),
    ],
    [
      "Object{spec: Object.spec{free: {'a': dyn({'b': 1})}}}",
      widget({ parts: [{ id: 'x' }, { id: 'y' }], free: { a: { b: 1 } } }),
    ],
    ["Object{spec: Object.spec{tags: ['t']}}", `${GUARD}: .spec.tags`],
    ["Object{spec: Object.spec{colour: 'red'}}", `${CONVERT} .spec.colour: field not declared in schema`],
  ] satisfies [string, Json][])('%s', (expression, expected) => {
    expect(apply(expression, widget({ parts: [{ id: 'x' }, { id: 'y' }] }), { schema: definition })).toEqual(expected);
  });
});

describe('values without a schema', () => {
  it('merge maps and replace lists', () => {
    const expression = "Object{spec: Object.spec{containers: [{'name': 'c'}], securityContext: {'runAsUser': 1}}}";
    const live = pod({ containers: [{ name: 'a' }], securityContext: { fsGroup: 2 } });
    expect(apply(expression, live, { schema: DEDUCED })).toEqual(
      pod({ containers: [{ name: 'c' }], securityContext: { fsGroup: 2, runAsUser: 1 } }),
    );
  });
});

describe('attacks', () => {
  it('a member named __proto__ stays a member', () => {
    const applied = apply("Object{metadata: Object.metadata{labels: {'__proto__': 'x', 'constructor': 'y'}}}", TWO);
    const labels = (applied as { metadata: { labels: JsonObject } }).metadata.labels;
    expect(Object.keys(labels)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(labels)).toBe(Object.prototype);
  });

  it('a field named constructor is not declared in any schema', () => {
    expect(apply("Object{spec: Object.spec{constructor: {'name': 'x'}}}", TWO)).toBe(
      `${CONVERT} .spec.constructor: field not declared in schema`,
    );
  });

  it('an expression cannot make the object another kind', () => {
    expect(apply("Object{apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole'}", TWO)).toEqual(TWO);
  });

  it('a value that doubles with each step is too large', () => {
    let expression = "['x']";
    for (let level = 0; level < 25; level += 1) expression = `[${expression}].map(v, [v, v])[0]`;
    const value = celValue(`Object{spec: Object.spec{x: ${expression}}}`);
    const applied = applyConfiguration(value, TWO, { schema: DEDUCED, allowAtomic: false });
    expect(applied).toEqual(new CelError('the value is too large for JSON'));
  });
});
