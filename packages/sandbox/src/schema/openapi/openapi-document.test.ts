import { describe, expect, it } from 'vitest';
import { BUILTIN_RESOURCES } from '../builtin/resources.ts';
import { type JsonObject, memberAt } from '../json/json-value.ts';
import { openapiDocument, openapiIndex } from './openapi-document.ts';
import type { OpenApiResource } from './resource-paths.ts';

function widgets(schema: JsonObject): OpenApiResource {
  return {
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    plural: 'widgets',
    namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: [{ name: 'status', kind: 'Widget', verbs: ['get', 'patch', 'update'] }],
    custom: { openApiSchema: schema },
  };
}

const WIDGETS = widgets({ type: 'object', properties: { spec: { type: 'object' } } });

describe('openapiDocument', () => {
  it('is closed under its references, for every group version', () => {
    const paths = Object.keys(openapiIndex(BUILTIN_RESOURCES)['paths'] ?? {});
    expect(paths).toContain('api/v1');
    for (const path of paths) {
      const document = openapiDocument(path, BUILTIN_RESOURCES);
      const defined = new Set(Object.keys(memberAt(document, 'components', 'schemas') ?? {}));
      const used = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
        ([, name]) => name ?? '',
      );
      expect(used.filter((name) => !defined.has(name))).toEqual([]);
    }
  });

  it('tells clients about patches, field validation, kinds and merge keys', () => {
    const document = openapiDocument('apis/apps/v1', BUILTIN_RESOURCES);
    const patch = memberAt(document, 'paths', '/apis/apps/v1/namespaces/{namespace}/deployments/{name}', 'patch');
    expect(Object.keys(memberAt(patch, 'requestBody', 'content') ?? {})).toContain(
      'application/strategic-merge-patch+json',
    );
    expect(memberAt(patch, 'parameters')).toContainEqual({
      name: 'fieldValidation',
      in: 'query',
      schema: { type: 'string' },
    });
    expect(memberAt(patch, 'x-kubernetes-group-version-kind')).toEqual({
      group: 'apps',
      kind: 'Deployment',
      version: 'v1',
    });
    const spec = memberAt(document, 'components', 'schemas', 'io.k8s.api.core.v1.PodSpec', 'properties');
    expect(memberAt(spec, 'containers')).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    expect(
      memberAt(document, 'components', 'schemas', 'io.k8s.api.apps.v1.DeploymentSpec', 'properties', 'strategy'),
    ).toEqual({
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
      'x-kubernetes-patch-strategy': 'retainKeys',
    });
  });

  it('gives custom resources no strategic merge', () => {
    const document = openapiDocument('apis/example.com/v1', [WIDGETS]);
    const object = '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}';
    expect(Object.keys(memberAt(document, 'paths', object, 'patch', 'requestBody', 'content') ?? {})).toEqual([
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
    ]);
    expect(memberAt(document, 'components', 'schemas', 'com.example.v1.Widget')).toMatchObject({
      properties: { spec: { type: 'object' }, kind: { type: 'string' } },
      'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Widget', version: 'v1' }],
    });
    expect(openapiDocument('apis/none/v1', [WIDGETS])).toBeUndefined();
  });
});

describe('openapiIndex', () => {
  it('changes the address of a document when a schema changes, and only then', () => {
    const url = (resource: OpenApiResource) =>
      memberAt(openapiIndex([resource]), 'paths', 'apis/example.com/v1', 'serverRelativeURL');
    expect(url(WIDGETS)).toBe(url(widgets({ properties: { spec: { type: 'object' } }, type: 'object' })));
    expect(url(WIDGETS)).not.toBe(url(widgets({ type: 'object' })));
    expect(url(WIDGETS)).toMatch(/^\/openapi\/v3\/apis\/example\.com\/v1\?hash=[0-9A-F]{16}$/);
  });
});
