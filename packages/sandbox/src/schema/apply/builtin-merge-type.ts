import type { JsonValue } from '../json/json-value.ts';
import type { GroupVersionKind } from '../model/group-version-kind.ts';
import { BUILTIN_TYPES, type BuiltinType, type MergeRule, mergeRule } from '../typed/builtin-types.ts';
import { typeNameOf, typeShape } from '../typed/type-shape.ts';
import { type MapField, type MapType, type MergeType, UNTYPED_ATOMIC, UNTYPED_DEDUCED } from './merge-type.ts';

const types = new Map<string, MergeType>();

/** The merge type of a built-in kind; `undefined` for other kinds. */
export function builtinMergeType(gvk: GroupVersionKind): MergeType | undefined {
  const name = typeNameOf(gvk);
  return name === undefined || !BUILTIN_TYPES.has(name) ? undefined : namedType(name);
}

/** The merge type of `ObjectMeta`, which custom resources share. */
export function objectMetaType(): MergeType {
  return namedType('meta.v1.ObjectMeta');
}

function namedType(name: string): MergeType {
  const known = types.get(name);
  if (known !== undefined) return known;
  const built = buildNamed(name);
  types.set(name, built);
  return built;
}

function buildNamed(name: string): MergeType {
  const type = BUILTIN_TYPES.get(name);
  if (type === undefined || name === 'runtime.RawExtension') return UNTYPED_ATOMIC;
  if (type.f === undefined) return typeWithoutFields(name, type);
  return { map: structMap(name, type) };
}

function typeWithoutFields(name: string, type: BuiltinType): MergeType {
  if (name === 'api.resource.Quantity' || type.t?.startsWith('string') || type.t === 'intorstring')
    return { scalar: 'untyped' };
  return type.t === 'object' && UNTYPED_DEDUCED.map !== undefined ? { map: UNTYPED_DEDUCED.map } : UNTYPED_DEDUCED;
}

function structMap(name: string, type: BuiltinType): MapType {
  const fields = new Map<string, MapField>();
  for (const [field, code] of Object.entries(type.f ?? {})) {
    const rule = mergeRule(name, field);
    const fallback = keyFallback(name, field, code);
    fields.set(field, {
      type: once(() => codeType(code, rule)),
      ...(fallback === undefined ? {} : { fallback }),
    });
  }
  return { isAtomic: type.mapType === 'atomic', fields, element: undefined, isStruct: true };
}

/** Type of a field by its code: `string`, `[]#core.v1.Container`, `{}string` … */
function codeType(code: string, rule: MergeRule): MergeType {
  if (code.startsWith('[]')) {
    const element = once(() => codeType(code.slice(2), {}));
    const isAtomic = rule.lt === 'atomic' || (rule.lt === undefined && !(rule.ps ?? '').split(',').includes('merge'));
    const keys = rule.lk ?? (rule.lt === undefined && rule.pk !== undefined ? [rule.pk] : []);
    return { list: { isAtomic, keys: isAtomic ? [] : keys, element } };
  }
  if (code.startsWith('{}')) {
    return {
      map: { isAtomic: rule.mt === 'atomic', fields: new Map(), element: once(() => codeType(code.slice(2), {})) },
    };
  }
  if (code.startsWith('#')) return overriden(namedType(code.slice(1)), rule.mt);
  if (code.startsWith('integer') || code.startsWith('number')) return { scalar: 'numeric' };
  if (code === 'boolean') return { scalar: 'boolean' };
  return { scalar: code === 'string' || code === 'string:byte' ? 'string' : 'untyped' };
}

/** A field may be atomic or granular whatever its type says. */
function overriden(type: MergeType, mapType: string | undefined): MergeType {
  if (mapType === undefined || type.map === undefined) return type;
  return { ...type, map: { ...type.map, isAtomic: mapType === 'atomic' } };
}

function once(build: () => MergeType): () => MergeType {
  let built: MergeType | undefined;
  return () => {
    built ??= build();
    return built;
  };
}

/** Defaults that count when a list key is left out: `protocol`, and the zero value of fields Go always encodes. */
function keyFallback(typeName: string, field: string, code: string): JsonValue | undefined {
  if (field === 'protocol' && PORT_TYPES.has(typeName)) return 'TCP';
  const shape = typeShape(typeName)?.fields.get(field);
  if (shape === undefined || shape.omitEmpty || shape.pointer) return undefined;
  if (code === 'string') return '';
  return code.startsWith('integer') ? 0 : undefined;
}

const PORT_TYPES = new Set(['core.v1.ContainerPort', 'core.v1.ServicePort']);
