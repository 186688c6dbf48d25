import { updateManagedFields } from '../schema/apply/managed-fields.ts';
import { serverSideApply } from '../schema/apply/server-side-apply.ts';
import { compileCustomResourceSchema } from '../schema/custom/compile-schema.ts';
import { applyDefaults } from '../schema/defaults/apply-defaults.ts';
import { parseJson } from '../schema/json/parse-json.ts';
import { SchemaError } from '../schema/model/schema-error.ts';
import { openapiDocument, openapiIndex } from '../schema/openapi/openapi-document.ts';
import { applyJsonPatch } from '../schema/patch/json-patch.ts';
import { applyMergePatch } from '../schema/patch/merge-patch.ts';
import { applyStrategicMergePatch } from '../schema/patch/strategic-merge-patch.ts';
import { toTable } from '../schema/table/to-table.ts';
import { decodeProtobuf } from '../schema/typed/decode-protobuf.ts';
import { parseYaml } from '../schema/typed/decode-strict.ts';
import { readTyped } from '../schema/typed/read-typed.ts';
import { kindShape } from '../schema/typed/type-shape.ts';
import type { JsonObject } from '../store/json-value.ts';
import type { SchemaPort } from './schema-port.ts';
import { StatusError } from './status-error.ts';
import { compileValidationRules } from './validation-rules.ts';

/** The schema room behind the port: its refusals become Status answers. */
export const SCHEMA: SchemaPort = {
  decodeProtobuf: (body) => answering(() => decodeProtobuf(body)),
  parseJson: (text) => answering(() => parseJson(text)),
  parseYaml: (text) => answering(() => parseYaml(text)),
  decodeTyped: (kind, object) =>
    answering(() => {
      const shape = kindShape(kind);
      const unknownFields: string[] = [];
      return shape === undefined
        ? { object, unknownFields }
        : { object: readTyped(shape, object, { unknownFields }), unknownFields };
    }),
  applyDefaults: (kind, object) => answering(() => applyDefaults(kind, object)),
  applyJsonPatch: (document, patch) => answering(() => applyJsonPatch(document, patch)),
  applyMergePatch: (document, patch) => answering(() => applyMergePatch(document, patch)),
  applyStrategicMergePatch: (kind, document, patch) =>
    answering(() => applyStrategicMergePatch(kind, document, patch as JsonObject)),
  serverSideApply: ({ kind, ...input }) =>
    answering(() => {
      const result = serverSideApply({ ...input, gvk: kind });
      if (result.conflicts !== undefined) {
        throw new StatusError({
          code: 409,
          message: result.conflicts.message,
          reason: 'Conflict',
          details: { causes: result.conflicts.causes.map((cause) => ({ ...cause })) },
        });
      }
      return result.object;
    }),
  updateManagedFields: ({ kind, ...input }) => answering(() => updateManagedFields({ ...input, gvk: kind })),
  toTable: ({ definition, ...input }) =>
    answering(() =>
      toTable({
        ...input,
        group: definition.group,
        plural: definition.plural,
        printerColumns: definition.custom?.printerColumns,
      }),
    ),
  openapiIndex: (definitions) => openapiIndex(definitions),
  openapiDocument: (path, definitions) => openapiDocument(path, definitions),
  compileCustomResourceSchema: (_crd, version) => {
    // compiled at first use: definitions are many and large, and most are never used in the life of a sandbox
    let compiled: ReturnType<typeof compileCustomResourceSchema> | undefined;
    const schema = () => {
      compiled ??= compileCustomResourceSchema(version, compileValidationRules);
      return compiled;
    };
    return {
      prune: (object) => answering(() => schema().prune(object)),
      applyDefaults: (object) => answering(() => schema().applyDefaults(object)),
      validate: (object, old) => answering(() => schema().validate(object, old)),
    };
  },
};

/** Runs a schema function; its `SchemaError` becomes the Status of the real server. */
function answering<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw error instanceof SchemaError ? statusOf(error) : error;
  }
}

function statusOf(error: SchemaError): StatusError {
  const causes = error.causes.map((cause) => ({ ...cause }));
  const details = causes.length > 0 ? { causes } : error.reason === 'Invalid' ? {} : undefined;
  return new StatusError({
    code: error.code,
    message: error.message,
    reason: error.reason,
    ...(details === undefined ? {} : { details }),
  });
}
