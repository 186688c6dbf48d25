import type { Json, JsonObject } from '../kernel/json.ts';
import type { AttestorSet, ImageVerificationType } from './attestor.ts';
import type { ManifestVerificationRequest, SignedMessageRequest } from './manifest-verification.ts';

/** What a policy may ask of the world, as data: it can be recorded, replayed, cached and audited. */
export type FactRequest =
  | ConfigMapRequest
  | ResourceRequest
  | ApiResourceRequest
  | KindMappingRequest
  | KindSchemaRequest
  | ApiCallRequest
  | ServiceCallRequest
  | HttpCallRequest
  | GlobalContextRequest
  | ImageDataRequest
  | ImageDigestRequest
  | ImageVerificationRequest
  | SignedMessageRequest
  | ManifestVerificationRequest;

export type FactKind = FactRequest['kind'];

export interface ConfigMapRequest {
  readonly kind: 'config-map';
  readonly namespace: string;
  readonly name: string;
}

/** One live object by name, or (without name) the list of them. */
export interface ResourceRequest {
  readonly kind: 'resource';
  readonly apiVersion: string;
  readonly resourceKind: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly labelSelector?: string;
}

/**
 * One live object by the plural of its kind, or (without name) `{items}` of a namespace or of all: what `resource.Get` and
 * `resource.List` of expressions in CEL ask.
 */
export interface ApiResourceRequest {
  readonly kind: 'api-resource';
  readonly apiVersion: string;
  /** Plural, possibly with a subresource: `pods/log`. */
  readonly resource: string;
  /** Empty for cluster scope, and for all namespaces in lists. */
  readonly namespace: string;
  readonly name?: string;
  /** Labels that must be equal. */
  readonly labels?: Readonly<Record<string, string>>;
  /** A list of what mutations may change: among files those given as targets, whatever their namespaces. */
  readonly anywhere?: true;
}

/** Value: `{group, version, resource, namespaced}` that the API server serves a kind under. */
export interface KindMappingRequest {
  readonly kind: 'kind-mapping';
  readonly apiVersion: string;
  readonly resourceKind: string;
}

/**
 * Value: the `openAPIV3Schema` that a CustomResourceDefinition has for a version of a kind; not-found for kinds without.
 * Sources give the same object each time, so that what is made of it can be kept.
 */
export interface KindSchemaRequest {
  readonly kind: 'kind-schema';
  readonly apiVersion: string;
  readonly resourceKind: string;
}

/** Value: `{status, body}`; `body` is absent when the answer was no JSON. Any status is an answer. */
export interface HttpCallRequest {
  readonly kind: 'http-call';
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM. */
  readonly caBundle?: string;
  /** What a POST sends as JSON. */
  readonly data?: Json;
  /** The namespace of a namespaced policy, which may be barred from calling out. */
  readonly policyNamespace?: string;
}

/** A raw call to the Kubernetes API; `data` is the JSON body of a POST. */
export interface ApiCallRequest {
  readonly kind: 'api-call';
  readonly method: 'GET' | 'POST';
  readonly urlPath: string;
  readonly data?: JsonObject;
}

export interface ServiceCallRequest {
  readonly kind: 'service-call';
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
  readonly caBundle?: string;
  readonly data?: JsonObject;
}

/** A GlobalContextEntry, or one projection of it. */
export interface GlobalContextRequest {
  readonly kind: 'global-context';
  readonly name: string;
  readonly projection?: string;
}

/** Where registry credentials for a request come from. Secrets are named (`namespace/name`), never held. */
export interface RegistryAccess {
  readonly allowInsecure: boolean;
  readonly providers: readonly string[];
  readonly secrets: readonly string[];
}

/**
 * Value: `{ image, resolvedImage, registry, repository, identifier, manifestList, manifest, configData }`,
 * as Kyverno's imageRegistry context entry (kyverno-core §2.4).
 */
export interface ImageDataRequest {
  readonly kind: 'image-data';
  readonly reference: string;
  readonly access: RegistryAccess;
}

/** Value: the digest the reference resolves to, `sha256:…`. */
export interface ImageDigestRequest {
  readonly kind: 'image-digest';
  readonly reference: string;
  readonly access: RegistryAccess;
}

/** Value: an `ImageVerification` (facts/image-verification.ts). */
export interface ImageVerificationRequest {
  readonly kind: 'image-verification';
  /** Normalised reference: `registry/path:tag` or `registry/path@sha256:…`. */
  readonly reference: string;
  readonly type: ImageVerificationType;
  /** All sets must hold. Empty when only attestations are asked for. */
  readonly attestors: readonly AttestorSet[];
  readonly attestations: readonly {
    readonly type: string;
    readonly name?: string;
    readonly attestors: readonly AttestorSet[];
  }[];
  /** Repository that holds the signatures, when not the image's own. */
  readonly repository?: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Also look for OCI 1.1 referrers of the legacy format. */
  readonly cosignOCI11: boolean;
  readonly useCache: boolean;
  readonly access: RegistryAccess;
}
