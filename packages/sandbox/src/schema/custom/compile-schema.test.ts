import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json/json-value.ts';
import { invalidMessage } from '../model/field-cause.ts';
import { compileCustomResourceSchema } from './compile-schema.ts';

function compile(spec: JsonObject, more: JsonObject = {}) {
  const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object', ...spec } }, ...more };
  return compileCustomResourceSchema({ name: 'v1', schema: { openAPIV3Schema } });
}

/** `field: message (reason)` of every problem of a spec. */
function problems(schema: JsonObject, spec: JsonObject, old?: JsonObject): string[] {
  const causes = compile({ properties: schema }).validate({ spec }, old === undefined ? undefined : { spec: old });
  return causes.map(({ field, message, reason }) => `${field}: ${message} (${reason.replace('FieldValue', '')})`);
}

describe('validation of custom resources', () => {
  it.each<[string, JsonObject, JsonObject, string[]]>([
    [
      'a type',
      { a: { type: 'integer' } },
      { a: 'x' },
      ['spec.a: Invalid value: "string": spec.a in body must be of type integer: "string" (TypeInvalid)'],
    ],
    [
      'a fraction',
      { a: { type: 'integer' } },
      { a: 1.5 },
      [
        'spec.a: Invalid value: "number": spec.a in body must be of type integer: "number" (TypeInvalid)',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.a (Invalid)',
      ],
    ],
    ['a whole number for a number', { a: { type: 'number' } }, { a: 1 }, []],
    [
      'a null',
      { a: { type: 'string' } },
      { a: null },
      ['spec.a: Invalid value: "null": spec.a in body must be of type string: "null" (TypeInvalid)'],
    ],
    ['an allowed null', { a: { type: 'string', nullable: true } }, { a: null }, []],
    [
      'a minimum',
      { a: { type: 'integer', minimum: 1 } },
      { a: 0 },
      ['spec.a: Invalid value: 0: spec.a in body should be greater than or equal to 1 (Invalid)'],
    ],
    [
      'an open maximum',
      { a: { type: 'integer', maximum: 5, exclusiveMaximum: true } },
      { a: 5 },
      ['spec.a: Invalid value: 5: spec.a in body should be less than 5 (Invalid)'],
    ],
    [
      'a multiple',
      { a: { type: 'integer', multipleOf: 3 } },
      { a: 4 },
      ['spec.a: Invalid value: 4: spec.a in body should be a multiple of 3 (Invalid)'],
    ],
    [
      'a short text',
      { a: { type: 'string', minLength: 3 } },
      { a: 'é' },
      ['spec.a: Invalid value: "é": spec.a in body should be at least 3 chars long (Invalid)'],
    ],
    [
      'a long text',
      { a: { type: 'string', maxLength: 1 } },
      { a: 'xy' },
      ['spec.a: Too long: may not be more than 1 byte (TooLong)'],
    ],
    [
      'a pattern',
      { a: { type: 'string', pattern: '^a+$' } },
      { a: 'b' },
      ['spec.a: Invalid value: "b": spec.a in body should match \'^a+$\' (Invalid)'],
    ],
    [
      'an enum',
      { a: { type: 'string', enum: ['x', 'y'] } },
      { a: 'z' },
      ['spec.a: Unsupported value: "z": supported values: "x", "y" (NotSupported)'],
    ],
    [
      'a format',
      { a: { type: 'string', format: 'ipv4' } },
      { a: '1.2.3' },
      ['spec.a: Invalid value: "1.2.3": spec.a in body must be of type ipv4: "1.2.3" (TypeInvalid)'],
    ],
    ['an unknown format', { a: { type: 'string', format: 'smell' } }, { a: '1.2.3' }, []],
    [
      'few items',
      { a: { type: 'array', minItems: 1, items: { type: 'string' } } },
      { a: [] },
      ['spec.a: Invalid value: 0: spec.a in body should have at least 1 items (Invalid)'],
    ],
    [
      'many items',
      { a: { type: 'array', maxItems: 1, items: { type: 'string' } } },
      { a: ['x', 'y'] },
      ['spec.a: Too many: 2: must have at most 1 item (TooMany)'],
    ],
    [
      'an item',
      { a: { type: 'array', items: { type: 'string' } } },
      { a: ['x', 1] },
      ['spec.a[1]: Invalid value: "integer": spec.a[1] in body must be of type string: "integer" (TypeInvalid)'],
    ],
    [
      'a required member',
      { a: { type: 'object', required: ['b'] } },
      { a: {} },
      ['spec.a.b: Required value (Required)'],
    ],
    [
      'a member of a map',
      { a: { type: 'object', additionalProperties: { type: 'integer' } } },
      { a: { k: 'x' } },
      ['spec.a.k: Invalid value: "string": spec.a.k in body must be of type integer: "string" (TypeInvalid)'],
    ],
    [
      'int-or-string',
      { a: { 'x-kubernetes-int-or-string': true } },
      { a: true },
      ['spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean" (TypeInvalid)'],
    ],
    [
      'a set',
      { a: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } } },
      { a: ['x', 'y', 'x', 'x'] },
      ['spec.a[2]: Duplicate value: "x" (Duplicate)'],
    ],
    [
      'a map of items',
      {
        a: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', properties: { k: { type: 'string' } } },
        },
      },
      { a: [{ k: 'x' }, { k: 'x' }] },
      ['spec.a[1]: Duplicate value: {"k":"x"} (Duplicate)'],
    ],
    [
      'no alternative',
      {
        a: {
          type: 'object',
          oneOf: [{ required: ['x'] }, { required: ['y'] }],
          properties: { x: { type: 'string' }, y: { type: 'string' } },
        },
      },
      { a: {} },
      [
        '<nil>: Invalid value: "": "spec.a" must validate one and only one schema (oneOf). Found none valid (Invalid)',
        'spec.a.x: Required value (Required)',
      ],
    ],
    [
      'two alternatives',
      {
        a: {
          type: 'object',
          oneOf: [{ required: ['x'] }, { required: ['y'] }],
          properties: { x: { type: 'string' }, y: { type: 'string' } },
        },
      },
      { a: { x: '', y: '' } },
      [
        '<nil>: Invalid value: "": "spec.a" must validate one and only one schema (oneOf). Found 2 valid alternatives (Invalid)',
      ],
    ],
    [
      'what must not be',
      { a: { type: 'string', not: { enum: ['x'] } } },
      { a: 'x' },
      ['<nil>: Invalid value: "": "spec.a" must not validate the schema (not) (Invalid)'],
    ],
    [
      'an embedded object',
      { a: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true } },
      { a: { kind: 'X_' } },
      [
        'spec.a.apiVersion: Required value (Required)',
        "spec.a.kind: Invalid value: \"X_\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?') (Invalid)",
      ],
    ],
  ])('judges %s', (_what, schema, spec, expected) => {
    expect(problems(schema, spec)).toEqual(expected);
  });

  it('does not judge what an update leaves unchanged', () => {
    const schema = { a: { type: 'integer', maximum: 5 }, b: { type: 'integer', maximum: 5 } };
    expect(problems(schema, { a: 9, b: 9 }, { a: 9, b: 1 })).toEqual([
      'spec.b: Invalid value: 9: spec.b in body should be less than or equal to 5 (Invalid)',
    ]);
  });

  it('takes patterns in linear time', () => {
    const started = performance.now();
    expect(problems({ a: { type: 'string', pattern: '^(a+)+$' } }, { a: `${'a'.repeat(50_000)}!` })).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('runs rules only on objects of the right form', () => {
    const version = { schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string' } } } } };
    const rule = { reason: 'FieldValueInvalid', message: 'no', field: 'a' };
    const compiled = compileCustomResourceSchema(version, () => () => [rule]);
    expect(compiled.validate({ a: 'x' })).toEqual([rule]);
    expect(compiled.validate({ a: 1 }).at(-1)).toEqual({
      reason: 'FieldValueInvalid',
      field: '<nil>',
      message:
        'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    });
  });

  it('writes the message of the whole answer', () => {
    const causes = compile({ required: ['a', 'b'], properties: {} }).validate({ spec: {} });
    expect(invalidMessage('Widget', 'example.com', 'w', causes)).toBe(
      'Widget.example.com "w" is invalid: [spec.a: Required value, spec.b: Required value]',
    );
  });
});

describe('pruning', () => {
  const schema = compile({
    properties: {
      known: { type: 'object', properties: { a: { type: 'string' } } },
      free: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { typed: { type: 'object', properties: {} } },
      },
      map: { type: 'object', additionalProperties: { type: 'object', properties: { a: { type: 'string' } } } },
      list: { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
    },
  });

  it('drops and names what is not declared, and keeps what asks for it', () => {
    const object = JSON.parse(
      '{"apiVersion":"a/v1","kind":"K","zz":1,"metadata":{"name":"n","zz":1,"creationTimestamp":null},"spec":{"known":{"a":"x","zz":1},"free":{"any":{"thing":1},"typed":{"zz":1}},"map":{"k":{"a":"x","zz":1}},"list":[{"a":"x"},{"zz":1}],"__proto__":{"x":1}}}',
    ) as JsonObject;
    const { object: pruned, unknownFields } = schema.prune(object);
    expect(pruned).toEqual({
      apiVersion: 'a/v1',
      kind: 'K',
      metadata: { name: 'n' },
      spec: {
        known: { a: 'x' },
        free: { any: { thing: 1 }, typed: {} },
        map: { k: { a: 'x' } },
        list: [{ a: 'x' }, {}],
      },
    });
    expect(unknownFields).toEqual([
      'metadata.zz',
      'spec.__proto__',
      'spec.free.typed.zz',
      'spec.known.zz',
      'spec.list[1].zz',
      'spec.map.k.zz',
      'zz',
    ]);
  });

  it('refuses metadata of the wrong form', () => {
    expect(() => schema.prune({ metadata: { labels: { a: 1 } } })).toThrow(
      'json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    );
  });
});

describe('defaults', () => {
  const schema = compile({
    properties: {
      color: { type: 'string', default: 'red' },
      size: { type: 'integer', nullable: true, default: 1 },
      box: { type: 'object', default: {}, properties: { a: { type: 'string', default: 'x' } } },
      list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', default: 0 } } } },
      none: { type: 'string' },
    },
  });

  it('fills what is absent, counts nulls that may not be as absent, and keeps those that may', () => {
    const given = { spec: { color: null, size: null, none: null, list: [{}, { n: 2 }] } };
    expect(schema.applyDefaults(given)).toEqual({
      spec: { color: 'red', size: null, box: { a: 'x' }, list: [{ n: 0 }, { n: 2 }] },
    });
    expect(given.spec.color).toBeNull();
  });
});
