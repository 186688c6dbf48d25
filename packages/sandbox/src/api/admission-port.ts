import type { JsonObject } from '../store/json-value.ts';
import type { GroupVersionKind, ResourceDefinition } from './resource-definition.ts';
import type { UserInfo } from './user-info.ts';

/** One request as admission sees it. */
export interface AdmissionAttributes {
  readonly definition: ResourceDefinition;
  /** The kind of `object`; differs from the definition's for subresources such as `scale`. */
  readonly kind: GroupVersionKind;
  readonly subresource: string;
  readonly namespace: string;
  /** Empty while a generated name is still to come, and for collection deletes. */
  readonly name: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  readonly dryRun: boolean;
  readonly user: UserInfo;
  /** `CreateOptions` and so on, as AdmissionReview carries them. */
  readonly options: JsonObject;
  /** Adds a warning to the answer. */
  readonly warn: (text: string) => void;
}

/** The admission chain. Both phases throw `StatusError`s to refuse. */
export interface AdmissionChain {
  /** Runs the mutating phase; gives the object to go on with (undefined for deletes). */
  mutate(attributes: AdmissionAttributes): Promise<JsonObject | undefined>;
  /** Runs the validating phase on the final object. */
  validate(attributes: AdmissionAttributes): Promise<void>;
  /** Charges quotas for a new object. Called in the same turn as the write, so that nothing comes between the two. */
  charge(attributes: AdmissionAttributes): void;
}

/** A chain that admits everything. */
export const OPEN_ADMISSION: AdmissionChain = {
  mutate: async (attributes) => attributes.object,
  validate: async () => {},
  charge: () => {},
};
