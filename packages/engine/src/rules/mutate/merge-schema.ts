import mergeKeys from './data/merge-keys.json' with { type: 'json' };

/** How the fields of an object merge. */
export interface MergeSchema {
  readonly field: (name: string) => FieldSchema;
}

export interface FieldSchema {
  /** Of the object, or of the elements of the list. */
  readonly schema: MergeSchema;
  /** The list merges by these keys; by the elements themselves when empty. Absent: a list replaces the other. */
  readonly keys?: readonly string[];
}

interface FieldData {
  readonly type?: string;
  readonly keys?: readonly string[];
}

// The lists with a merge strategy of the OpenAPI document that Kyverno's kustomize carries (Kubernetes 1.21), and the
// objects on the way to them. A kind that is not in it merges no lists.
const KINDS: ReadonlyMap<string, string> = new Map(Object.entries(mergeKeys.kinds));
const TYPES: ReadonlyMap<string, Readonly<Record<string, FieldData>>> = new Map(Object.entries(mergeKeys.types));

/** An object of which nothing is known: its lists replace each other. */
const PLAIN_FIELD: FieldSchema = Object.freeze({
  get schema(): MergeSchema {
    return PLAIN;
  },
});
export const PLAIN: MergeSchema = Object.freeze({ field: () => PLAIN_FIELD });

const schemas = new Map<string, MergeSchema>();

/** The schema of a built-in kind; undefined for any other. */
export function schemaOfKind(apiVersion: unknown, kind: unknown): MergeSchema | undefined {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined;
  const type = KINDS.get(`${apiVersion}/${kind}`);
  return type === undefined ? undefined : schemaOfType(type);
}

function schemaOfType(type: string): MergeSchema {
  const known = schemas.get(type);
  if (known) return known;
  const fields = new Map<string, FieldSchema>();
  const schema: MergeSchema = Object.freeze({ field: (name: string) => fields.get(name) ?? PLAIN_FIELD });
  // Before its fields: types can contain themselves.
  schemas.set(type, schema);
  for (const [name, data] of Object.entries(TYPES.get(type) ?? {})) {
    const inner = data.type === undefined ? PLAIN : schemaOfType(data.type);
    fields.set(name, data.keys === undefined ? { schema: inner } : { schema: inner, keys: data.keys });
  }
  return schema;
}
