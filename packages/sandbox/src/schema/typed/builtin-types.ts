import mergeKeys from '../data/generated/merge-keys.json' with { type: 'json' };
import types from '../data/generated/types.json' with { type: 'json' };

/** A type of the published API. */
export interface BuiltinType {
  /** Kinds of this type as `group/version/Kind`. */
  readonly gvk?: readonly string[];
  /** Field → type code: `string`, `integer:int32`, `[]…`, `{}…` (map), `#type`. */
  readonly f?: Readonly<Record<string, string>>;
  readonly req?: readonly string[];
  readonly mapType?: string;
  /** Type code of a type that is no object with fields. */
  readonly t?: string;
  readonly unions?: readonly unknown[];
  readonly enum?: Readonly<Record<string, readonly string[]>>;
}

/** How a field takes part in merges. */
export interface MergeRule {
  /** Patch strategy: `merge`, `replace`, `retainKeys`, or several with commas. */
  readonly ps?: string;
  /** Patch merge key. */
  readonly pk?: string;
  /** List type: `atomic`, `set`, `map`. */
  readonly lt?: string;
  readonly lk?: readonly string[];
  /** Map type: `atomic`, `granular`. */
  readonly mt?: string;
}

// The tables are data; describing them by their literal types would only slow the compiler down.
export const BUILTIN_TYPES: ReadonlyMap<string, BuiltinType> = new Map(
  Object.entries(types as unknown as Record<string, BuiltinType>),
);

const MERGE_RULES = new Map(Object.entries(mergeKeys as unknown as Record<string, Record<string, MergeRule>>));

/** The merge rule of a field; an empty rule when it has none. */
export function mergeRule(typeName: string, field: string): MergeRule {
  const rules = MERGE_RULES.get(typeName);
  return rules !== undefined && Object.hasOwn(rules, field) ? (rules[field] ?? NO_RULE) : NO_RULE;
}

const NO_RULE: MergeRule = {};
