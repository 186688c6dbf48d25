import { isJsonObject, isWithinDepth, type JsonObject, memberAt } from '../json/json-value.ts';
import { invalidCause } from '../model/field-cause.ts';
import { SchemaError } from '../model/schema-error.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { NO_FIELD } from './alternatives.ts';
import { validateEmbeddedResources } from './embedded-resources.ts';
import { validateListTypes } from './list-types.ts';
import { type Pruned, pruneObject } from './prune.ts';
import { applySchemaDefaults } from './schema-defaults.ts';
import { readStructural } from './structural-schema.ts';
import { compileValidator, runValidator } from './value-validator.ts';

/** Evaluates `x-kubernetes-validations`; supplied by whoever has an expression language. */
export type ValidationRules = (object: JsonObject, old: JsonObject | undefined) => readonly StatusCause[];

/** Compiles the rules of a schema; `undefined` when it has none. */
export type CompileRules = (schema: JsonObject) => ValidationRules | undefined;

/** The schema of one version of a custom resource. Its functions leave their arguments alone. */
export interface CompiledSchema {
  /**
   * Drops undeclared fields and brings `metadata` into form.
   *
   * @throws SchemaError with Go's decoding text when `metadata` does not fit.
   */
  prune(object: JsonObject): Pruned;
  applyDefaults(object: JsonObject): JsonObject;
  /** Problems of the object by the schema, without those of `metadata`. With `old`, unchanged values are not judged. */
  validate(object: JsonObject, old?: JsonObject): readonly StatusCause[];
}

/**
 * Compiles the schema of a CustomResourceDefinition version (an entry of `spec.versions`). A version that preserves
 * unknown fields, or has no schema, keeps everything.
 */
export function compileCustomResourceSchema(version: JsonObject, compileRules?: CompileRules): CompiledSchema {
  const found = memberAt(version, 'schema', 'openAPIV3Schema');
  const raw: JsonObject = isJsonObject(found)
    ? found
    : { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  if (!isWithinDepth(raw)) throw new SchemaError('exceeded max depth');
  const structural = readStructural(raw);
  const validator = compileValidator(raw);
  const rules = compileRules?.(raw);
  return {
    prune: (object) => pruneObject(structural, bounded(object)),
    applyDefaults: (object) => applySchemaDefaults(structural, bounded(object)),
    validate: (object, old) => {
      const causes = [
        ...runValidator(validator, bounded(object), old),
        ...validateEmbeddedResources(structural, object),
        ...validateListTypes(structural, object),
      ];
      return rules === undefined ? causes : [...causes, ...runRules(rules, object, old, causes)];
    },
  };
}

function bounded(object: JsonObject): JsonObject {
  if (!isWithinDepth(object)) throw new SchemaError('exceeded max depth');
  return object;
}

const BLOCKING = new Set(['FieldValueRequired', 'FieldValueTooLong', 'FieldValueTooMany', 'FieldValueTypeInvalid']);

/** Rules are not run over an object whose form they cannot rely on. */
function runRules(
  rules: ValidationRules,
  object: JsonObject,
  old: JsonObject | undefined,
  causes: readonly StatusCause[],
): readonly StatusCause[] {
  if (!causes.some(({ reason }) => BLOCKING.has(reason))) return rules(object, old);
  const detail =
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  return [invalidCause(NO_FIELD, null, detail)];
}
