import resources from '../data/generated/resources.json' with { type: 'json' };

/** A subresource and the kind of its requests, where it differs from the resource's own. */
export interface BuiltinSubresource {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** One resource of one built-in group version. */
export interface BuiltinResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly BuiltinSubresource[];
}

/** Every resource a Kubernetes 1.36 API server has of its own. */
export const BUILTIN_RESOURCES: readonly BuiltinResource[] = resources;
