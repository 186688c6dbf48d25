import type { GroupVersionKind, GroupVersionResource } from '../model/group-version.ts';

export interface ApiSubresource {
  /** `status`, `scale`, `exec`, ... */
  readonly name: string;
  /** What it answers with, when discovery says so. */
  readonly kind: GroupVersionKind | undefined;
  readonly verbs: readonly string[];
}

/** One resource the API server serves, in one version. */
export interface ApiResource extends GroupVersionResource {
  readonly kind: string;
  readonly singular: string;
  readonly isNamespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly ApiSubresource[];
  /** The version the server lists first in its group. */
  readonly isPreferredVersion: boolean;
}
