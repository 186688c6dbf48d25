import type { JsonObject } from '../store/json-value.ts';
import type { CustomResourceSchema } from './schema-port.ts';

/** Group, version and kind of an object. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A subresource and the kind its requests carry. */
export interface SubresourceDefinition {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** What a custom resource definition adds to one served version. */
export interface CustomResource {
  readonly crdName: string;
  readonly schema: CustomResourceSchema;
  /** The raw `openAPIV3Schema` of the version. */
  readonly openApiSchema: JsonObject;
  readonly hasStatus: boolean;
  readonly scale: { readonly specPath: string; readonly statusPath: string; readonly selectorPath: string } | undefined;
  readonly printerColumns: readonly JsonObject[];
  readonly selectableFields: readonly string[];
  readonly storageVersion: string;
}

/** One resource of one served group version. */
export interface ResourceDefinition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceDefinition[];
  /** Where objects live; shared by all versions of a resource, and by both views of events. */
  readonly storage: string;
  readonly custom: CustomResource | undefined;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Splits an `apiVersion`. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}
