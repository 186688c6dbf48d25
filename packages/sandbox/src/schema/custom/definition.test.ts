import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json/json-value.ts';
import { validateDefinition } from './validate-definition.ts';

const VERSION: JsonObject = {
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: { type: 'object' } },
};
const NAMES = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };

function definition(spec: JsonObject = {}, name = 'widgets.example.com'): JsonObject {
  return {
    metadata: { name },
    spec: { group: 'example.com', names: NAMES, scope: 'Namespaced', versions: [VERSION], ...spec },
  };
}

function withSchema(schema: JsonObject): JsonObject {
  return definition({ versions: [{ ...VERSION, schema: { openAPIV3Schema: { type: 'object', ...schema } } }] });
}

function problems(object: JsonObject, old?: JsonObject): string[] {
  return validateDefinition(object, old).map(({ field, message }) => `${field}: ${message}`);
}

describe('validateDefinition', () => {
  it('accepts a plain one', () => {
    expect(problems(definition())).toEqual([]);
  });

  const path = 'spec.validation.openAPIV3Schema';

  it.each<[string, JsonObject, string[]]>([
    [
      'a name',
      definition({}, 'gadgets.example.com'),
      ['metadata.name: Invalid value: "gadgets.example.com": must be spec.names.plural+"."+spec.group'],
    ],
    [
      'a group',
      definition({ group: 'example' }, 'widgets.example'),
      ['spec.group: Invalid value: "example": should be a domain with at least one dot'],
    ],
    [
      'a scope',
      definition({ scope: 'Everywhere' }),
      ['spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"'],
    ],
    [
      'a missing schema',
      definition({ versions: [{ name: 'v1', served: true, storage: true }] }),
      ['spec.versions[0].schema.openAPIV3Schema: Required value'],
    ],
    [
      'an untyped field',
      withSchema({ properties: { spec: {} } }),
      [`${path}.properties[spec].type: Required value: must not be empty for specified object fields`],
    ],
    [
      'a list without items',
      withSchema({ properties: { a: { type: 'array' } } }),
      [`${path}.properties[a].items: Required value: must be specified`],
    ],
    [
      'a reference',
      withSchema({ properties: { a: { type: 'string', $ref: '#/x' } } }),
      [`${path}.properties[a].$ref: Forbidden: $ref is not supported`],
    ],
    [
      'a type inside anyOf',
      withSchema({ properties: { a: { type: 'string' } }, anyOf: [{ properties: { a: { type: 'string' } } }] }),
      [`${path}.anyOf[0].properties[a].type: Forbidden: must be empty to be structural`],
    ],
    [
      'an undeclared field inside anyOf',
      withSchema({ anyOf: [{ properties: { b: { minLength: 1 } } }] }),
      [`${path}.properties[b]: Required value: because it is defined in ${path}.anyOf[0].properties[b]`],
    ],
    [
      'a map list without keys',
      withSchema({ properties: { a: { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object' } } } }),
      [
        `${path}.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
      ],
    ],
    [
      'a column',
      definition({
        versions: [{ ...VERSION, additionalPrinterColumns: [{ name: 'A', type: 'text', jsonPath: 'a' }] }],
      }),
      [
        'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
        'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .',
      ],
    ],
    [
      'a protected group',
      definition({ group: 'x.k8s.io' }, 'widgets.x.k8s.io'),
      [
        'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ],
    ],
  ])('judges %s', (_what, object, expected) => {
    expect(problems(object)).toEqual(expected);
  });

  it('wants exactly one stored version, each of its own name', () => {
    const twice = problems(definition({ versions: [VERSION, VERSION] })).map((text) => text.replace(/\[\{.*\}\]/, '…'));
    expect(twice).toEqual([
      'spec.versions: Invalid value: …: must contain unique version names',
      'spec.versions: Invalid value: …: must have exactly one version marked as storage version',
    ]);
  });

  it('keeps names and scope of an established definition', () => {
    const old = { ...definition(), status: { conditions: [{ type: 'Established', status: 'True' }] } };
    expect(problems(definition({ scope: 'Cluster' }), old)).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
    ]);
  });
});
