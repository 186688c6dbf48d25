import type { EvaluationError } from './evaluation-error.ts';
import type { Json, JsonObject } from './json.ts';

/** A signature of a token, to check by exactly this algorithm of RFC 7518 or 8037 (`RS256`). */
export interface TokenSignature {
  readonly algorithm: string;
  /** A secret for the algorithms `HS…`, a public key as JWK for the others. */
  readonly key: { readonly secret: Uint8Array } | { readonly jwk: JsonObject };
  readonly data: Uint8Array;
  /** Of ECDSA the two numbers one after the other. */
  readonly signature: Uint8Array;
}

/**
 * What the pure engine asks of the runtime it lives in, synchronously. Node and browsers give their own; tests give
 * fixed ones. Nothing here reads the network or the clock.
 */
export interface EngineHost {
  /** Lower-case hex digest of the UTF-8 text. */
  hash(algorithm: 'sha256' | 'sha1' | 'md5', text: string): string;
  /** The JSON of Go's `x509.Certificate` or `CertificateRequest` for a PEM text (kyverno-core §2.7, `x509_decode`). */
  decodeCertificate(pem: string): Json | EvaluationError;
  /** Whether a token's signature holds; an error for a key that is not of the algorithm. Absent where none can be checked. */
  verifyJws?(asked: TokenSignature): boolean | EvaluationError;
  /** The UTF-8 text in gzip's format, without a time: the same each time. Absent where nothing can be compressed. */
  compress?(text: string): Uint8Array;
  /** The text in gzip's format that the bytes hold, within bounds. Absent where nothing can be compressed. */
  decompress?(bytes: Uint8Array): string | EvaluationError;
  /** Uniform in [0, 1): feeds `random()` only. */
  random(): number;
}
