import { describe, expect, it } from 'vitest';
import { BUILTIN_RESOURCES } from '../builtin/resources.ts';
import protoTypes from '../data/generated/proto.json' with { type: 'json' };
import { BUILTIN_TYPES } from './builtin-types.ts';
import { typeNameOf, typeShape } from './type-shape.ts';

describe('the tables of types', () => {
  it('hold only kinds of fields this room reads, and messages they define', () => {
    const problems: string[] = [];
    for (const name of Object.keys(protoTypes)) {
      for (const field of typeShape(name)?.wire.values() ?? []) {
        if (!'sbidyQITUDRFJE#'.includes(field.kind)) problems.push(`${name}.${field.name}: ${field.kind}`);
        if (field.message !== '' && typeShape(field.message) === undefined) problems.push(`${name}: ${field.message}`);
      }
    }
    expect(problems).toEqual([]);
  });

  it('have a Go type for every resource that is stored', () => {
    const missing = BUILTIN_RESOURCES.filter((resource) => {
      const name = typeNameOf(resource);
      return name === undefined || typeShape(name) === undefined;
    });
    expect(missing.map(({ group, version, kind }) => `${group}/${version} ${kind}`)).toEqual([]);
  });

  it('agree on the fields of every type they share', () => {
    const problems: string[] = [];
    for (const [name, type] of BUILTIN_TYPES) {
      const shape = typeShape(name);
      if (shape === undefined || type.f === undefined) continue;
      for (const field of Object.keys(type.f)) {
        if (field !== 'apiVersion' && field !== 'kind' && !shape.fields.has(field)) problems.push(`${name}.${field}`);
      }
    }
    expect(problems).toEqual([]);
  });
});
