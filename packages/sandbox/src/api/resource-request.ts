import type { JsonObject } from '../store/json-value.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { UserInfo } from './user-info.ts';

/** A request for a resource, already parsed and authenticated. */
export interface ResourceRequest {
  readonly definition: ResourceDefinition;
  /** Empty for the resource itself. */
  readonly subresource: string;
  /** Empty for cluster-scoped resources and for lists over all namespaces. */
  readonly namespace: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly warn: (text: string) => void;
}

/** What a write carries: bytes from the wire, or an object from a caller in this process. */
export type RequestBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly mediaType: string }
  | { readonly kind: 'object'; readonly object: JsonObject };

/** What a verb answers: the object in the version of the request, unless `object` is a Status. */
export interface ObjectAnswer {
  readonly code: number;
  readonly object: JsonObject;
  /** True when `object` is of the resource's kind, so that Table and metadata forms apply. */
  readonly isResource: boolean;
}
