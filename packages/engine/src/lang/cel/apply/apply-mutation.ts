import { CelError, type CelValue, celTypes } from '@vouchsafe/cel';
import type { FactTable } from '../../../facts/fact-table.ts';
import { type JsonObject, member, memberAt } from '../../../kernel/json.ts';
import { readObject, readObjects, readText } from '../../../model/read-json.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { builtInSchema } from './built-in-schema.ts';
import { definitionSchema } from './definition-schema.ts';
import { applyPatchList } from './json-patch-list.ts';
import { DEDUCED, type ObjectSchema } from './object-schema.ts';

export type PatchType = 'JSONPatch' | 'ApplyConfiguration';

/** One entry of `spec.mutations`. */
export interface WrittenMutation {
  readonly type: PatchType;
  readonly text: string;
  /** Where the expression stands: `spec.mutations[0].jsonPatch.expression`. */
  readonly path: string;
}

/** The mutations of a spec. Those of another type, or without the expression of theirs, do nothing, as upstream. */
export function readMutations(spec: JsonObject): readonly WrittenMutation[] {
  return readObjects(spec, 'mutations').flatMap((item, index) => {
    const type = readText(item, 'patchType');
    if (type !== 'JSONPatch' && type !== 'ApplyConfiguration') return [];
    const field = type === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration';
    const text = readText(readObject(item, field), 'expression');
    return text === undefined ? [] : [{ type, text, path: `spec.mutations[${index}].${field}.expression` }];
  });
}

/** The one type that the expression of a mutation may have, and how upstream words that it is of another. */
export const MUTATION_TYPES = {
  JSONPatch: {
    types: [celTypes.listType(celTypes.structType('JSONPatch'))],
    message: 'output is expected to be of type list',
  },
  ApplyConfiguration: { types: [celTypes.structType('Object')], message: 'output is expected to be of type Object' },
} as const satisfies Record<PatchType, { readonly types: readonly celTypes.CelType[]; readonly message: string }>;

/**
 * How the kind of an object merges: built in, or of a definition that the facts know. `undefined` for what nobody knows.
 * May throw `Need`.
 */
export type SchemaLookup = (object: JsonObject, facts: FactTable) => ObjectSchema | undefined;

export const schemaOfKind: SchemaLookup = (object, facts) => {
  const apiVersion = readText(object, 'apiVersion') ?? '';
  const resourceKind = readText(object, 'kind') ?? '';
  const builtIn = builtInSchema(apiVersion, resourceKind);
  if (builtIn) return builtIn;
  const fact = facts.get({ kind: 'kind-schema', apiVersion, resourceKind });
  if (!fact.ok || typeof fact.value !== 'object' || fact.value === null || Array.isArray(fact.value)) return undefined;
  return definitionSchema(fact.value as JsonObject); // objects and lists have just been told apart
};

/** What is told of values without a schema, for admission policies outside of a cluster (kyverno-cel §6.4). */
export const deducedSchema: SchemaLookup = () => DEDUCED;

export interface MutationSettings {
  readonly schemaOf: SchemaLookup;
  readonly allowAtomic: boolean;
}

/** `object` after a mutation whose expression gave `value`. An object stays the one it is. May throw `Need`. */
export function applyMutation(
  type: PatchType,
  value: CelValue,
  object: JsonObject,
  facts: FactTable,
  { schemaOf, allowAtomic }: MutationSettings,
): JsonObject | CelError {
  const mutated =
    type === 'JSONPatch'
      ? applyPatchList(value, object)
      : applyConfiguration(value, object, { schema: schemaOf(object, facts), allowAtomic });
  if (mutated instanceof CelError) return mutated;
  const changed = changedIdentity(object, mutated);
  return changed === undefined ? mutated : new CelError(`a mutation may not change ${changed}`);
}

const IDENTITY: readonly (readonly string[])[] = [
  ['apiVersion'],
  ['kind'],
  ['metadata', 'name'],
  ['metadata', 'namespace'],
  ['metadata', 'uid'],
];

/** Which of what names the object is another; what was not set before may be set. */
function changedIdentity(before: JsonObject, after: JsonObject): string | undefined {
  const path = IDENTITY.find((keys) => {
    const known = memberAt(before, ...keys);
    return known !== undefined && known !== '' && memberAt(after, ...keys) !== known;
  });
  return path?.join('.') ?? (member(after, 'kind') === undefined ? 'kind' : undefined);
}
