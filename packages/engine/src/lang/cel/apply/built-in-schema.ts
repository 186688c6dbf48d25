import types from './data/object-types.json' with { type: 'json' };
import { ATOMIC, DEDUCED, type FieldSchema, type ObjectSchema, once } from './object-schema.ts';

// Fields of Kubernetes' types as codes: `s` text, `n` number, `b` truth, `u` any scalar, `#type` an object, `!type` one
// that is replaced as a whole, `[!]c` a list that is, `[name]c` a list by keys, `[]c` a set, `{}c` a map, `{!}c` one that
// is replaced as a whole, `*` anything, replaced as a whole, `?` anything. `=` and what follows is the value of a key that
// is left out. The file is written by tools/make-object-schema.ts.
const KINDS: ReadonlyMap<string, string> = new Map(Object.entries(types.kinds));
const TYPES: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map(Object.entries(types.types));

const granular = new Map<string, ObjectSchema>();
const atomic = new Map<string, ObjectSchema>();

/** The schema of a kind of Kubernetes; `undefined` for any other. */
export function builtInSchema(apiVersion: string, kind: string): ObjectSchema | undefined {
  const name = KINDS.get(`${apiVersion}/${kind}`);
  return name === undefined ? undefined : typeSchema(name, false);
}

/** `metadata`, which objects of all kinds have. */
export function metadataSchema(): ObjectSchema {
  return typeSchema('meta.v1.ObjectMeta', false);
}

function typeSchema(name: string, isAtomic: boolean): ObjectSchema {
  const known = isAtomic ? atomic : granular;
  const found = known.get(name);
  if (found) return found;
  const codes = TYPES.get(name) ?? {};
  const fields = new Map<string, FieldSchema>();
  const field = (wanted: string): FieldSchema | undefined => {
    if (!Object.hasOwn(codes, wanted)) return undefined;
    let built = fields.get(wanted);
    built ??= toField(codes[wanted] ?? '*');
    fields.set(wanted, built);
    return built;
  };
  const schema: ObjectSchema = { map: { isAtomic, field, element: undefined } };
  known.set(name, schema);
  return schema;
}

function toField(text: string): FieldSchema {
  const cut = text.indexOf('=');
  if (cut < 0) return { schema: once(() => toSchema(text)) };
  const code = text.slice(0, cut);
  const fallback = text.slice(cut + 1);
  return { schema: once(() => toSchema(code)), fallback: code === 'n' ? Number(fallback) : fallback };
}

const SCALARS: ReadonlyMap<string, ObjectSchema> = new Map([
  ['s', { scalar: 'string' }],
  ['n', { scalar: 'numeric' }],
  ['b', { scalar: 'boolean' }],
  ['u', { scalar: 'untyped' }],
  ['?', DEDUCED],
] satisfies [string, ObjectSchema][]);

function toSchema(code: string): ObjectSchema {
  switch (code.charAt(0)) {
    case '#':
      return typeSchema(code.slice(1), false);
    case '!':
      return typeSchema(code.slice(1), true);
    case '[':
      return toList(code);
    case '{': {
      const end = code.indexOf('}');
      const element = once(() => toSchema(code.slice(end + 1)));
      return { map: { isAtomic: end > 1, field: () => undefined, element } };
    }
    default:
      return SCALARS.get(code) ?? ATOMIC;
  }
}

function toList(code: string): ObjectSchema {
  const end = code.indexOf(']');
  const between = code.slice(1, end);
  const isAtomic = between === '!';
  const keys = isAtomic || between === '' ? [] : between.split(',');
  return { list: { isAtomic, keys, element: once(() => toSchema(code.slice(end + 1))) } };
}
