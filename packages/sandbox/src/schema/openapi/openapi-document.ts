import { canonicalJson, type JsonObject } from '../json/json-value.ts';
import { typeNameOf } from '../typed/type-shape.ts';
import { componentName, customComponentName, documentPath } from './component-names.ts';
import { ComponentSchemas } from './component-schemas.ts';
import { type OpenApiResource, resourcePaths, sharedSchemas } from './resource-paths.ts';

const builtinDocuments = new Map<string, JsonObject>();

/** Built-in documents change with the tables of this room, so their hash is that of what they are made for. */
const BUILTIN_SALT = 'kubernetes 1.36';

/**
 * The index at `/openapi/v3`. A URL carries a hash of the document, which changes whenever a custom resource does, so
 * clients may keep documents for ever.
 */
export function openapiIndex(resources: readonly OpenApiResource[]): JsonObject {
  const paths: JsonObject = {};
  for (const [path, members] of [...byDocument(resources)].sort(([left], [right]) => (left < right ? -1 : 1))) {
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${documentHash(path, members)}` };
  }
  return { paths };
}

/** The OpenAPI 3.0 document of one group version (`api/v1`, `apis/apps/v1`); `undefined` when nothing is served there. */
export function openapiDocument(path: string, resources: readonly OpenApiResource[]): JsonObject | undefined {
  const members = resources.filter((resource) => documentPath(resource) === path);
  if (members.length === 0) return undefined;
  if (members.some((resource) => resource.custom !== undefined)) return buildDocument(members);
  const known = builtinDocuments.get(path);
  if (known !== undefined) return known;
  const built = buildDocument(members);
  builtinDocuments.set(path, built);
  return built;
}

function byDocument(resources: readonly OpenApiResource[]): Map<string, OpenApiResource[]> {
  const documents = new Map<string, OpenApiResource[]>();
  for (const resource of resources) {
    const path = documentPath(resource);
    const members = documents.get(path);
    if (members === undefined) documents.set(path, [resource]);
    else members.push(resource);
  }
  return documents;
}

function buildDocument(resources: readonly OpenApiResource[]): JsonObject {
  const components = new ComponentSchemas();
  const shared = sharedSchemas((typeName) => components.addType(typeName));
  const paths: Record<string, JsonObject> = {};
  for (const resource of resources) {
    const { name, object } = addKind(components, resource);
    const list = resource.verbs.includes('list') ? components.addList(name, resource, object) : {};
    Object.assign(paths, resourcePaths(resource, { ...shared, object, list }));
    for (const sub of resource.subresources) addSubresourceKind(components, resource, sub);
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.0' },
    paths: Object.fromEntries(
      Object.keys(paths)
        .sort()
        .map((path) => [path, paths[path] ?? {}]),
    ),
    components: { schemas: components.toJson() },
  };
}

function addKind(components: ComponentSchemas, resource: OpenApiResource): { name: string; object: JsonObject } {
  if (resource.custom !== undefined) {
    const object = components.addCustom(resource, resource.custom.openApiSchema);
    return { name: customComponentName(resource), object };
  }
  const typeName = typeNameOf(resource) ?? 'meta.v1.PartialObjectMetadata';
  return { name: componentName(typeName), object: components.addType(typeName) };
}

function addSubresourceKind(
  components: ComponentSchemas,
  resource: OpenApiResource,
  sub: OpenApiResource['subresources'][number],
): void {
  const typeName = typeNameOf({
    group: sub.group ?? resource.group,
    version: sub.version ?? resource.version,
    kind: sub.kind,
  });
  if (typeName !== undefined) components.addType(typeName);
}

function documentHash(path: string, resources: readonly OpenApiResource[]): string {
  const parts = resources.map(({ kind, plural, verbs, custom }) =>
    custom === undefined ? `${kind}${plural}` : `${kind}${plural}${verbs.join()}${schemaHash(custom.openApiSchema)}`,
  );
  return hashText(`${BUILTIN_SALT}\n${path}\n${parts.join('\n')}`);
}

const schemaHashes = new WeakMap<JsonObject, string>();

function schemaHash(schema: JsonObject): string {
  const known = schemaHashes.get(schema);
  if (known !== undefined) return known;
  const hash = hashText(canonicalJson(schema));
  schemaHashes.set(schema, hash);
  return hash;
}

/** Two 32-bit FNV-1a sums; tells documents apart, no more. */
function hashText(text: string): string {
  let forward = 0x811c9dc5;
  let backward = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    forward = Math.imul(forward ^ text.charCodeAt(index), 0x01000193);
    backward = Math.imul(backward ^ text.charCodeAt(text.length - 1 - index), 0x01000193);
  }
  return [forward, backward]
    .map((sum) => (sum >>> 0).toString(16).padStart(8, '0'))
    .join('')
    .toUpperCase();
}
