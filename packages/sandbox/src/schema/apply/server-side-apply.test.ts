import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonObject, memberAt } from '../json/json-value.ts';
import { SchemaError } from '../model/schema-error.ts';
import { updateManagedFields } from './managed-fields.ts';
import { serverSideApply } from './server-side-apply.ts';

const NOW = new Date('2026-01-02T03:04:05Z');
const WIDGET = { group: 'example.com', version: 'v1', kind: 'Widget' };
const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' };

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer' },
        color: { type: 'string' },
        tags: { type: 'array', items: { type: 'string' } },
        zones: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: {
            type: 'object',
            properties: {
              port: { type: 'integer' },
              protocol: { type: 'string', default: 'TCP' },
              title: { type: 'string' },
            },
          },
        },
      },
    },
    status: { type: 'object', properties: { ok: { type: 'boolean' } } },
  },
};

function widget(spec: JsonObject | undefined, labels?: JsonObject): JsonObject {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', ...(labels === undefined ? {} : { labels }) },
    ...(spec === undefined ? {} : { spec }),
  };
}

function apply(live: JsonObject | undefined, config: JsonObject, manager: string, force = false) {
  return serverSideApply({ live, config, gvk: WIDGET, schema: SCHEMA, manager, force, now: NOW });
}

function applied(live: JsonObject | undefined, config: JsonObject, manager: string, force = false): JsonObject {
  const { object } = apply(live, config, manager, force);
  if (object === undefined) throw new Error('unexpected conflict');
  return object;
}

/** `manager operation: FieldsV1` of every entry. */
function owners(object: JsonObject): string[] {
  const entries = memberAt(object, 'metadata', 'managedFields');
  return (Array.isArray(entries) ? entries : []).map((entry) => {
    const { manager, operation, fieldsV1 } = entry as { manager: string; operation: string; fieldsV1: JsonObject };
    return `${manager} ${operation}: ${JSON.stringify(fieldsV1)}`;
  });
}

describe('server-side apply', () => {
  const first = applied(undefined, widget({ size: 1, tags: ['a'] }, { l: '1' }), 'm1');

  it('records what was applied', () => {
    expect(owners(first)).toEqual([
      'm1 Apply: {"f:metadata":{"f:labels":{"f:l":{}}},"f:spec":{"f:size":{},"f:tags":{}}}',
    ]);
    expect(memberAt(first, 'metadata', 'managedFields', '0')).toBeUndefined();
    expect(JSON.stringify(first)).toContain('"time":"2026-01-02T03:04:05Z"');
  });

  it('changes nothing the second time', () => {
    const again = serverSideApply({
      live: first,
      config: widget({ size: 1, tags: ['a'] }, { l: '1' }),
      gvk: WIDGET,
      schema: SCHEMA,
      manager: 'm1',
      force: false,
      now: new Date('2027-01-01T00:00:00Z'),
    });
    expect(again.object).toEqual(first);
  });

  it('names one conflict in a line and several in a list', () => {
    expect(apply(first, widget({ size: 2 }), 'm2').conflicts).toEqual({
      message: 'Apply failed with 1 conflict: conflict with "m1": .spec.size',
      causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.spec.size' }],
    });
    expect(apply(first, widget({ size: 2, tags: ['b'] }, { l: '2' }), 'm2').conflicts?.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "m1":\n- .metadata.labels.l\n- .spec.size\n- .spec.tags',
    );
  });

  it('takes fields by force, shares equal ones, and removes what nobody owns any more', () => {
    const forced = applied(first, widget({ size: 2 }), 'm2', true);
    expect(owners(forced)).toEqual([
      'm1 Apply: {"f:metadata":{"f:labels":{"f:l":{}}},"f:spec":{"f:tags":{}}}',
      'm2 Apply: {"f:spec":{"f:size":{}}}',
    ]);
    const emptied = applied(forced, widget(undefined), 'm1');
    expect(emptied['spec']).toEqual({ size: 2 });
    expect(memberAt(emptied, 'metadata', 'labels')).toBeUndefined();
    expect(owners(emptied)).toEqual(['m2 Apply: {"f:spec":{"f:size":{}}}']);
    const shared = applied(first, widget({ size: 1 }), 'm2');
    expect(applied(shared, widget(undefined), 'm1')['spec']).toEqual({ size: 1 });
  });

  it('names updaters with their version', () => {
    const updated = updateManagedFields({
      before: { ...first, metadata: { ...(first['metadata'] as JsonObject), uid: 'u' } },
      after: { ...first, spec: { size: 8, tags: ['a'] } },
      gvk: WIDGET,
      schema: SCHEMA,
      manager: 'ed',
      now: NOW,
    });
    expect(owners(updated)).toEqual([
      'm1 Apply: {"f:metadata":{"f:labels":{"f:l":{}}},"f:spec":{"f:tags":{}}}',
      'ed Update: {"f:spec":{"f:size":{}}}',
    ]);
    expect(apply(updated, widget({ size: 2 }), 'm2').conflicts?.message).toBe(
      'Apply failed with 1 conflict: conflict with "ed" using example.com/v1: .spec.size',
    );
  });

  it('keys list items with their defaults and merges sets', () => {
    const live = applied(undefined, widget({ ports: [{ port: 80, title: 'x' }], zones: ['a'] }), 'm1');
    const more = applied(live, widget({ ports: [{ port: 80, protocol: 'UDP' }], zones: ['b'] }), 'm2');
    expect(more['spec']).toEqual({
      ports: [
        { port: 80, title: 'x' },
        { port: 80, protocol: 'UDP' },
      ],
      zones: ['a', 'b'],
    });
    expect(owners(more)[1]).toBe(
      'm2 Apply: {"f:spec":{"f:ports":{"k:{\\"port\\":80,\\"protocol\\":\\"UDP\\"}":{".":{},"f:port":{},"f:protocol":{}}},"f:zones":{"v:\\"b\\"":{}}}}',
    );
    const conflict = apply(more, widget({ ports: [{ port: 80, title: 'y' }] }), 'm2').conflicts;
    expect(conflict?.causes[0]?.field).toBe('.spec.ports[port=80,protocol="TCP"].title');
  });

  it.each<[string, JsonObject, string, number]>([
    ['an undeclared field', widget({ zzz: 1 }), '.spec.zzz: field not declared in schema', 500],
    ['a wrong type', widget({ size: 'x' }), '.spec.size: expected numeric (int or float), got string', 500],
    ['a key given twice', widget({ zones: ['a', 'a'] }), '.spec.zones: duplicate entries for key [="a"]', 500],
  ])('refuses %s', (_what, config, problem, code) => {
    const prefix = 'failed to create typed patch object (/w; example.com/v1, Kind=Widget): ';
    expect(() => apply(first, config, 'm1', true)).toThrow(
      expect.objectContaining({ message: prefix + problem, code }),
    );
  });

  it.each<[JsonObject, string]>([
    [{ metadata: { name: 'w' } }, 'invalid object type: /, Kind='],
    [{ ...widget({}), metadata: { managedFields: [] } }, 'metadata.managedFields must be nil'],
  ])('refuses %j', (config, problem) => {
    expect(() => apply(first, config, 'm1')).toThrow(new SchemaError(problem));
  });

  it('keeps status apart from the rest', () => {
    const status = serverSideApply({
      live: first,
      config: { ...widget(undefined), status: { ok: true } },
      gvk: WIDGET,
      schema: SCHEMA,
      manager: 'm3',
      force: false,
      now: NOW,
      subresource: 'status',
    }).object;
    expect(memberAt(status, 'metadata', 'managedFields')).toContainEqual(
      expect.objectContaining({ manager: 'm3', subresource: 'status', fieldsV1: { 'f:status': { 'f:ok': {} } } }),
    );
  });

  it('lets kubectl take over what its client-side apply owned', () => {
    const annotation = `${JSON.stringify(widget({ size: 1 }))}\n`;
    const metadata = { name: 'w', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': annotation } };
    const live = updateManagedFields({
      before: undefined,
      after: { ...widget({ size: 1, color: 'red' }), metadata },
      gvk: WIDGET,
      schema: SCHEMA,
      manager: 'kubectl-client-side-apply',
      now: NOW,
    });
    expect(apply(live, widget({ size: 2 }), 'other').conflicts).toBeDefined();
    expect(apply(live, widget({ color: 'blue' }), 'kubectl').conflicts).toBeDefined();
    const taken = applied(live, widget({ size: 2 }), 'kubectl');
    expect(taken['spec']).toEqual({ size: 2, color: 'red' });
    expect(JSON.stringify(memberAt(taken, 'metadata', 'annotations'))).toContain('\\"size\\":2');
  });

  it('does the same twice as once, for any configuration', () => {
    const spec = fc.record(
      {
        size: fc.integer(),
        color: fc.string(),
        tags: fc.array(fc.string(), { maxLength: 3 }),
        // An empty keyed list owns nothing: applied over items it removes, applied over none it stays. So at least one item.
        zones: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
        ports: fc.uniqueArray(
          fc.record({ port: fc.constantFrom(1, 2, 3), title: fc.string() }, { requiredKeys: ['port'] }),
          { selector: ({ port }) => port, minLength: 1 },
        ),
      },
      { requiredKeys: ['size'] },
    );
    fc.assert(
      fc.property(spec, spec, spec, (one, two, three) => {
        const base = applied(undefined, widget(one as JsonObject), 'm1');
        const both = applied(base, widget(two as JsonObject), 'm2', true);
        const changed = applied(both, widget(three as JsonObject), 'm1', true);
        expect(applied(changed, widget(three as JsonObject), 'm1')).toEqual(changed);
        expect(changed['spec'] ?? {}).toMatchObject(
          Object.fromEntries(
            Object.entries(three).filter(([key]) => key === 'size' || key === 'color' || key === 'tags'),
          ),
        );
      }),
    );
  });
});

describe('updateManagedFields', () => {
  it('records a created built-in object without the structs Go always has', () => {
    const object: JsonObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', labels: { a: 'b' } },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: {
          spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
        },
      },
    };
    const updated = updateManagedFields({ before: undefined, after: object, gvk: DEPLOYMENT, manager: 'm', now: NOW });
    expect(memberAt(updated, 'metadata', 'managedFields')).toEqual([
      {
        manager: 'm',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time: '2026-01-02T03:04:05Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
          'f:spec': {
            'f:selector': {},
            'f:template': {
              'f:spec': {
                'f:containers': {
                  'k:{"name":"c"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': {
                      '.': {},
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ]);
  });

  it('moves changed fields to their changer and forgets removed ones', () => {
    const write = (before: JsonObject | undefined, after: JsonObject, manager: string) =>
      updateManagedFields({ before, after, gvk: WIDGET, schema: SCHEMA, manager, now: NOW });
    const created = write(undefined, widget({ size: 1, color: 'red' }), 'fm');
    expect(owners(created)).toEqual(['fm Update: {"f:spec":{".":{},"f:color":{},"f:size":{}}}']);
    const changed = write(
      created,
      { ...widget({ size: 2, color: 'red' }), metadata: created['metadata'] ?? {} },
      'probe',
    );
    expect(owners(changed)).toEqual([
      'fm Update: {"f:spec":{".":{},"f:color":{}}}',
      'probe Update: {"f:spec":{"f:size":{}}}',
    ]);
    const removed = write(changed, { ...widget({ size: 2 }), metadata: changed['metadata'] ?? {} }, 'probe');
    expect(owners(removed)).toEqual(['fm Update: {"f:spec":{}}', 'probe Update: {"f:spec":{"f:size":{}}}']);
  });

  it('keeps at most ten updaters and lets a client reset all', () => {
    let live: JsonObject | undefined;
    for (let index = 0; index < 14; index++) {
      const labels = {
        ...((memberAt(live, 'metadata', 'labels') as JsonObject | undefined) ?? {}),
        [`l${index}`]: 'x',
      };
      live = updateManagedFields({
        before: live,
        after: {
          ...widget({}),
          metadata: { ...((live?.['metadata'] as JsonObject | undefined) ?? {}), name: 'w', labels },
        },
        gvk: WIDGET,
        schema: SCHEMA,
        manager: `m${index}`,
        now: new Date(NOW.getTime() + index * 1000),
      });
    }
    expect(owners(live ?? {})).toHaveLength(10);
    expect(owners(live ?? {}).join()).toContain('ancient-changes');
    const after = { ...widget({}), metadata: { name: 'w', uid: 'u', managedFields: [] } };
    const before = { ...live, metadata: { ...((live?.['metadata'] as JsonObject | undefined) ?? {}), uid: 'u' } };
    const reset = updateManagedFields({ before, after, gvk: WIDGET, schema: SCHEMA, manager: 'm', now: NOW });
    expect(memberAt(reset, 'metadata', 'managedFields')).toBeUndefined();
  });
});
