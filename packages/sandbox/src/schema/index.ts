/** `@vouchsafe/sandbox/schema`: what the API server knows about built-in kinds, for suites that judge it by many manifests. */
import type { GroupVersionKind } from './model/group-version-kind.ts';
import { kindShape } from './typed/type-shape.ts';

export { applyDefaults } from './defaults/apply-defaults.ts';
export type { JsonObject, JsonValue } from './json/json-value.ts';
export { type GroupVersionKind, parseApiVersion } from './model/group-version-kind.ts';
export { SchemaError } from './model/schema-error.ts';
export { decodeStrict, typedRoundTrip } from './typed/decode-strict.ts';

/** Whether objects of the kind have a type in Go, and not a schema of their own. */
export function isBuiltinKind(kind: GroupVersionKind): boolean {
  return kindShape(kind) !== undefined;
}
