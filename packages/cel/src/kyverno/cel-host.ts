import type { CelError } from '../values/cel-error.ts';
import type { CelValue } from '../values/cel-value.ts';
import type { Json } from '../values/to-json.ts';

/** An answer of the host, or what went wrong as an error value. A host may also throw what its driver waits for. */
export type Answer<Value> = Value | CelError;

export interface ResourceAddress {
  readonly apiVersion: string;
  /** Plural, possibly with a subresource: `pods/log`. */
  readonly resource: string;
  /** Empty for cluster scope, and for all namespaces in lists. */
  readonly namespace: string;
}

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

export interface HttpCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM certificates to trust, when a client was made with some. */
  readonly caBundle?: string;
  /** JSON to send; its presence makes the call a POST. */
  readonly body?: CelValue;
}

export interface HttpResponse {
  readonly status: number;
  /** The decoded body, `undefined` when it was no JSON. */
  readonly body: CelValue | undefined;
}

/** Algorithms of signed tokens (RFC 7518 §3.1, RFC 8037); `none` is none of them. */
export type JwsAlgorithm =
  | 'EdDSA'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'RS256'
  | 'RS384'
  | 'RS512';

/** A signature to check by exactly this algorithm; ECDSA signatures are the two numbers one after the other. */
export interface JwsQuestion {
  readonly algorithm: JwsAlgorithm;
  /** A secret for the algorithms `HS…`, a public key as JWK for the others. */
  readonly key: { readonly secret: Uint8Array } | { readonly jwk: { readonly [key: string]: Json } };
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * All that Kyverno's functions ask of the outside, answered at once. What takes time is the driver's affair: a host
 * throws its need, the driver fetches and evaluates again. Errors are texts without the functions' own prefixes.
 */
export interface CelHost {
  /** The object, or null when there is none. */
  getResource?(address: ResourceAddress, name: string): Answer<CelValue>;
  /** A map with `items`. */
  listResources?(address: ResourceAddress, labels: Readonly<Record<string, string>>): Answer<CelValue>;
  postResource?(address: ResourceAddress, object: CelValue): Answer<CelValue>;
  toGroupVersionResource?(apiVersion: string, kind: string): Answer<GroupVersionResource>;
  /** The entry, projected when a projection is named; null when unknown. */
  getGlobalContext?(name: string, projection: string): Answer<CelValue>;
  callHttp?(call: HttpCall): Answer<HttpResponse>;
  getImageMetadata?(image: string): Answer<CelValue>;
  verifyImageSignatures?(image: string, attestors: CelValue): Answer<number>;
  verifyAttestationSignatures?(image: string, attestation: string, attestors: CelValue): Answer<number>;
  extractPayload?(image: string, attestation: string): Answer<CelValue>;
  getImageData?(image: string): Answer<CelValue>;
  /** Notes objects to create; `namespace` is undefined in namespaced policies. */
  generate?(namespace: string | undefined, objects: readonly CelValue[]): Answer<boolean>;
  /** Lower-case hexadecimal digest of the text's UTF-8 bytes. */
  hash?(algorithm: 'md5' | 'sha1' | 'sha256', text: string): string;
  parseYaml?(text: string): Answer<CelValue>;
  /** Whether the signature holds; an error for a key that is not of the algorithm. */
  verifyJws?(question: JwsQuestion): Answer<boolean>;
  decodeCertificate?(pem: string): Answer<CelValue>;
  compress?(text: string): Answer<Uint8Array>;
  decompress?(bytes: Uint8Array): Answer<string>;
  /** A number from 0 to below 1. */
  random?(): number;
  /** Nanoseconds since 1970-01-01T00:00:00Z. */
  now?(): bigint;
}
