import { CelError, type CelValue, createKyvernoEnvironment } from '@vouchsafe/cel';
import { describe, expect, it } from 'vitest';
import { FactTable } from '../../../facts/fact-table.ts';
import type { Json, JsonObject } from '../../../kernel/json.ts';
import { applyMutation, schemaOfKind } from './apply-mutation.ts';

const environment = createKyvernoEnvironment('mutating');
const POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { a: '1' } },
  spec: { containers: [{ name: 'c' }] },
};

function celValue(expression: string): CelValue {
  const compiled = environment.compile(expression);
  if ('issues' in compiled) throw new Error(compiled.issues.map(({ message }) => message).join('; '));
  const value = compiled.program.evaluate({}, { host: {} });
  if (value instanceof CelError) throw new Error(value.message);
  return value;
}

function patch(expression: string, object: JsonObject = POD): Json {
  const settings = { schemaOf: schemaOfKind, allowAtomic: false };
  const patched = applyMutation('JSONPatch', celValue(expression), object, new FactTable(), settings);
  return patched instanceof CelError ? patched.message : patched;
}

describe('operations', () => {
  it.each([
    [
      "[JSONPatch{op: 'add', path: '/spec/hostname', value: 'h'}]",
      { ...POD, spec: { containers: [{ name: 'c' }], hostname: 'h' } },
    ],
    [
      "[JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: 'd', tty: true}}]",
      { ...POD, spec: { containers: [{ name: 'c' }, { name: 'd', tty: true }] } },
    ],
    ["[JSONPatch{op: 'remove', path: '/spec'}]", { apiVersion: 'v1', kind: 'Pod', metadata: POD['metadata'] ?? null }],
    [
      "[JSONPatch{op: 'replace', path: '/metadata/labels/' + jsonpatch.escapeKey('a'), value: timestamp('2024-01-01T00:00:00Z')}]",
      { ...POD, metadata: { name: 'p', namespace: 'ns', uid: 'u', labels: { a: '2024-01-01T00:00:00Z' } } },
    ],
    [
      "[JSONPatch{op: 'copy', from: '/metadata/name', path: '/spec/hostname'}]",
      { ...POD, spec: { containers: [{ name: 'c' }], hostname: 'p' } },
    ],
    // A failing test is no error: the object stays.
    ["[JSONPatch{op: 'test', path: '/spec/x', value: 1}, JSONPatch{op: 'remove', path: '/spec'}]", POD],
    ['[]', POD],
  ] satisfies [string, Json][])('%s', (expression, expected) => {
    const before = structuredClone(POD);
    expect(patch(expression)).toEqual(expected);
    expect(POD).toEqual(before);
  });

  it.each([
    [
      "[JSONPatch{op: 'add', path: '/metadata/annotations/x', value: 'y'}]",
      'JSON Patch: add operation does not apply: doc is missing path: "/metadata/annotations/x": missing value',
    ],
    ["[JSONPatch{op: 'drop', path: '/spec'}]", 'JSON Patch: Unexpected kind: drop'],
    [
      "[JSONPatch{op: 'add', path: '/spec/x', value: Object.spec{y: Object.other{}}}]",
      'type mismatch: unexpected type name "Object.other", expected "Object.spec.y", which matches field name path from root Object type',
    ],
    ["[JSONPatch{op: 'replace', path: '', value: 'x'}]", 'JSON Patch: the object is replaced by what is no object'],
  ])('%s is an error', (expression, message) => {
    expect(patch(expression)).toBe(message);
  });
});

describe('attacks', () => {
  it.each([
    ["[JSONPatch{op: 'replace', path: '/metadata/name', value: 'other'}]", 'metadata.name'],
    ["[JSONPatch{op: 'replace', path: '/metadata/namespace', value: 'kube-system'}]", 'metadata.namespace'],
    ["[JSONPatch{op: 'remove', path: '/metadata/uid'}]", 'metadata.uid'],
    ["[JSONPatch{op: 'replace', path: '/kind', value: 'ClusterRole'}]", 'kind'],
    ["[JSONPatch{op: 'replace', path: '', value: {'kind': 'Pod'}}]", 'apiVersion'],
    ["[JSONPatch{op: 'remove', path: '/metadata'}]", 'metadata.name'],
  ])('%s: an object stays the one it is', (expression, field) => {
    expect(patch(expression)).toBe(`a mutation may not change ${field}`);
  });

  it.each(['/__proto__/polluted', '/metadata/__proto__/polluted', '/constructor/prototype/polluted'])(
    '%s reaches no prototype',
    (path) => {
      expect(patch(`[JSONPatch{op: 'add', path: '${path}', value: 'yes'}]`)).toContain('JSON Patch: add operation');
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it('a member named __proto__ is added as a member', () => {
    const patched = patch("[JSONPatch{op: 'add', path: '/metadata/labels/__proto__', value: 'x'}]");
    const labels = (patched as { metadata: { labels: JsonObject } }).metadata.labels;
    expect(Object.getOwnPropertyNames(labels)).toEqual(['a', '__proto__']);
  });

  it('copies of copies are bounded', () => {
    const copies = "lists.range(60).map(i, JSONPatch{op: 'copy', from: '/spec', path: '/spec/x' + string(i)})";
    expect(patch(copies)).toBe('JSON Patch: copies come to more than a document may hold');
  });

  it('operations are bounded', () => {
    const list: CelValue = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/spec' }));
    const settings = { schemaOf: schemaOfKind, allowAtomic: false };
    const patched = applyMutation('JSONPatch', list, POD, new FactTable(), settings);
    expect(patched).toEqual(new CelError('JSON Patch: 10001 operations are more than the 10000 of one patch'));
  });
});
