import { describe, expect, it } from 'vitest';
import { globalOperation, NO_VALUES, nest, parseSet, readValues, ruleValues, valuesFor } from './values.ts';

const DOCUMENT = {
  apiVersion: 'cli.kyverno.io/v1alpha1',
  kind: 'Values',
  metadata: { name: 'v' },
  globalValues: { 'request.operation': 'UPDATE', env: 'global' },
  policies: [
    {
      name: 'p',
      resources: [{ name: 'nginx', values: { env: 'own', 'request.object.metadata.name': 'x' } }],
      rules: [
        { name: 'r', values: { 'dictionary.data.env': 'prod' }, foreachValues: { element: ['first', 'second'] } },
      ],
    },
  ],
  namespaceSelector: [
    { name: 'a', labels: { from: 'selector' } },
    { name: 'b', labels: { from: 'selector' } },
  ],
  namespaces: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'b', labels: { from: 'namespace' } } }],
  subresources: [
    {
      subresource: { name: 'deployments/scale', kind: 'Scale', group: 'autoscaling', version: 'v1' },
      parentResource: { name: 'deployments', kind: 'Deployment', group: 'apps', version: 'v1' },
    },
  ],
};

describe('a values file', () => {
  const values = readValues({ object: DOCUMENT, sources: () => undefined }, 'values.yaml');

  it('gives global values, those of the resource over them, those of --set over both', () => {
    expect(valuesFor(values, 'p', 'nginx', { added: 'set' })).toEqual({
      'request.operation': 'UPDATE',
      env: 'own',
      'request.object.metadata.name': 'x',
      added: 'set',
    });
    expect(valuesFor(values, 'p', 'other', {})).toEqual({ 'request.operation': 'UPDATE', env: 'global' });
    expect(valuesFor(NO_VALUES, 'p', 'nginx', {})).toEqual({ 'request.operation': 'CREATE' });
  });

  it('gives each rule its values and the first of its lists', () => {
    expect([...ruleValues(values, 'p')]).toEqual([['r', { dictionary: { data: { env: 'prod' } }, element: 'first' }]]);
    expect(ruleValues(values, 'other').size).toBe(0);
  });

  it('lets whole namespaces win over bare labels', () => {
    expect([...values.namespaceLabels]).toEqual([
      ['a', { from: 'selector' }],
      ['b', { from: 'namespace' }],
    ]);
  });

  it('names subresources by their parents', () => {
    expect(values.subresources).toEqual([
      {
        group: 'autoscaling',
        version: 'v1',
        kind: 'Scale',
        subresource: 'scale',
        parent: { group: 'apps', version: 'v1', kind: 'Deployment' },
      },
    ]);
  });

  it.each([
    ['no apiVersion', { ...DOCUMENT, apiVersion: '' }, 'deprecated schema'],
    ['a field that does not exist', { ...DOCUMENT, globalVals: {} }, 'unknown field "globalVals"'],
    ['a list where an object is due', { ...DOCUMENT, globalValues: [] }, 'wrong type of "globalValues"'],
  ])('with %s is refused', (_, document, message) => {
    const sources = () => ({ origin: 'values.yaml', line: 3, column: 1, endLine: 3, endColumn: 2 });
    const read = () => readValues({ object: document, sources }, 'values.yaml');
    expect(read).toThrow(message);
    if (!message.includes('schema')) expect(read).toThrow('(values.yaml:3:1)');
  });
});

it('refuses operations that do not exist', () => {
  expect(() => globalOperation({ ...NO_VALUES, global: { 'request.operation': 'PATCH' } })).toThrow(
    'must be one of CREATE, UPDATE, DELETE, CONNECT',
  );
});

describe('dotted keys', () => {
  it.each([
    [{ 'a.b': 1 }, { a: { b: 1 } }],
    [{ 'a.b': 1, 'a.c': 2 }, { a: { b: 1, c: 2 } }],
    [{ 'a."b.c".d': 1 }, { a: { 'b.c': { d: 1 } } }],
    [{ a: { b: 1 }, 'a.c': [2] }, { a: { b: 1, c: [2] } }],
    [{ a: 1, 'a.b': 2 }, { a: { b: 2 } }],
  ])('%j', (flat, nested) => {
    expect(nest(flat)).toEqual(nested);
  });

  it('never reach the prototype', () => {
    nest({ '__proto__.polluted': true, 'constructor.prototype.polluted': true });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

it('reads --set: trimmed, the first of equal keys, never request.object', () => {
  expect(parseSet(['a=1, b = 2', 'a=3', 'request.object.x=4', 'nothing', 'c=d=e'])).toEqual({ a: '1', b: '2', c: 'd' });
});
