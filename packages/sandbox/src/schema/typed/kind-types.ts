import { BUILTIN_TYPES } from './builtin-types.ts';

/** `group/version/Kind` → type name, for every kind the type table names. */
export const KIND_TYPES: ReadonlyMap<string, string> = indexKinds();

function indexKinds(): Map<string, string> {
  const index = new Map<string, string>();
  for (const [name, type] of BUILTIN_TYPES) {
    for (const kind of type.gvk ?? []) if (kind !== '*') index.set(kind, name);
  }
  return index;
}
