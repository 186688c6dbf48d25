import { isJsonObject, type JsonObject, type JsonValue, member } from '../json/json-value.ts';
import type { GroupVersionKind } from '../model/group-version-kind.ts';
import { BUILTIN_TYPES, type BuiltinType, type MergeRule, mergeRule } from '../typed/builtin-types.ts';
import { componentName, componentRef, customComponentName } from './component-names.ts';

/** The schemas of one document, by published name. A schema brings along those it refers to. */
export class ComponentSchemas {
  private readonly schemas = new Map<string, JsonObject>();

  /** Adds a built-in type and returns a reference to it. */
  addType(typeName: string): JsonObject {
    const name = componentName(typeName);
    const type = BUILTIN_TYPES.get(typeName);
    if (!this.schemas.has(name) && type !== undefined) {
      this.schemas.set(name, {}); // types may refer to themselves
      this.schemas.set(name, this.typeSchema(typeName, type));
    }
    return componentRef(name);
  }

  /** Adds a custom resource with its `openAPIV3Schema`. */
  addCustom(gvk: GroupVersionKind, schema: JsonObject): JsonObject {
    const name = customComponentName(gvk);
    const own = member(schema, 'properties');
    const properties: JsonObject = {
      ...(isJsonObject(own) ? own : {}),
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: this.addType('meta.v1.ObjectMeta'),
    };
    this.schemas.set(name, {
      ...schema,
      type: 'object',
      properties,
      'x-kubernetes-group-version-kind': [gvkExtension(gvk)],
    });
    return componentRef(name);
  }

  /** Adds the list of a kind. `name` is the published name of the kind. */
  addList(name: string, gvk: GroupVersionKind, item: JsonObject): JsonObject {
    const listName = `${name}List`;
    this.schemas.set(listName, {
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        items: { type: 'array', items: item },
        kind: { type: 'string' },
        metadata: this.addType('meta.v1.ListMeta'),
      },
      'x-kubernetes-group-version-kind': [gvkExtension({ ...gvk, kind: `${gvk.kind}List` })],
    });
    return componentRef(listName);
  }

  toJson(): JsonObject {
    const names = [...this.schemas.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, this.schemas.get(name) ?? {}]));
  }

  private typeSchema(typeName: string, type: BuiltinType): JsonObject {
    if (type.f === undefined) return schemaWithoutFields(typeName, type);
    const properties: JsonObject = {};
    for (const field of Object.keys(type.f).sort()) {
      properties[field] = this.fieldSchema(type.f[field] ?? '', mergeRule(typeName, field));
    }
    return {
      type: 'object',
      ...(type.req === undefined ? {} : { required: [...type.req] }),
      properties,
      ...kindExtension(type),
      ...(type.mapType === undefined ? {} : { 'x-kubernetes-map-type': type.mapType }),
    };
  }

  private fieldSchema(code: string, rule: MergeRule): JsonObject {
    const extensions = mergeExtensions(rule);
    if (code.startsWith('[]')) {
      return { type: 'array', items: this.fieldSchema(code.slice(2), {}), ...extensions };
    }
    if (code.startsWith('{}')) {
      return { type: 'object', additionalProperties: this.fieldSchema(code.slice(2), {}), ...extensions };
    }
    if (code.startsWith('#')) {
      const reference = this.addType(code.slice(1));
      // A reference stands alone; what belongs to the field goes beside an `allOf` of it.
      return Object.keys(extensions).length === 0 ? reference : { allOf: [reference], ...extensions };
    }
    return { ...scalarSchema(code), ...extensions };
  }
}

function scalarSchema(code: string): JsonObject {
  const [type = 'string', format] = code.split(':');
  return format === undefined ? { type } : { type, format };
}

function schemaWithoutFields(typeName: string, type: BuiltinType): JsonObject {
  if (type.t === 'intorstring') return { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] };
  if (typeName === 'api.resource.Quantity') return { oneOf: [{ type: 'string' }, { type: 'number' }] };
  if (type.t === undefined || type.t === 'any') return {};
  return scalarSchema(type.t);
}

function kindExtension(type: BuiltinType): JsonObject {
  const kinds = (type.gvk ?? []).filter((text) => text !== '*').map(parseKind);
  return kinds.length === 0 ? {} : { 'x-kubernetes-group-version-kind': kinds };
}

function parseKind(text: string): JsonObject {
  const [group = '', version = '', kind = ''] = text.split('/');
  return gvkExtension({ group, version, kind });
}

export function gvkExtension({ group, version, kind }: GroupVersionKind): JsonObject {
  return { group, kind, version };
}

function mergeExtensions(rule: MergeRule): JsonObject {
  const extensions: Record<string, JsonValue> = {};
  if (rule.lk !== undefined) extensions['x-kubernetes-list-map-keys'] = [...rule.lk];
  if (rule.lt !== undefined) extensions['x-kubernetes-list-type'] = rule.lt;
  if (rule.mt !== undefined) extensions['x-kubernetes-map-type'] = rule.mt;
  if (rule.pk !== undefined) extensions['x-kubernetes-patch-merge-key'] = rule.pk;
  if (rule.ps !== undefined) extensions['x-kubernetes-patch-strategy'] = rule.ps;
  return extensions;
}
