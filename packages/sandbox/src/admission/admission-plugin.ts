import type { AdmissionAttributes } from '../api/admission-port.ts';
import type { JsonObject } from '../store/json-value.ts';

/** One built-in admission plugin. Both members throw `StatusError`s to refuse. */
export interface AdmissionPlugin {
  readonly name: string;
  mutate?(attributes: AdmissionAttributes): JsonObject | undefined;
  validate?(attributes: AdmissionAttributes): void;
}

/** True for requests about the resource itself, not one of its parts. */
export function isFor(attributes: AdmissionAttributes, storage: string, ...operations: readonly string[]): boolean {
  return (
    attributes.definition.storage === storage &&
    attributes.subresource === '' &&
    operations.includes(attributes.operation)
  );
}
