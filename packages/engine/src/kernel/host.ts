import type { EvaluationError } from './evaluation-error.ts';
import type { Json } from './json.ts';

/**
 * What the pure engine asks of the runtime it lives in, synchronously. Node and browsers give their own; tests give
 * fixed ones. Nothing here reads the network or the clock.
 */
export interface EngineHost {
  /** Lower-case hex digest of the UTF-8 text. */
  hash(algorithm: 'sha256' | 'sha1' | 'md5', text: string): string;
  /** The JSON of Go's `x509.Certificate` or `CertificateRequest` for a PEM text (kyverno-core §2.7, `x509_decode`). */
  decodeCertificate(pem: string): Json | EvaluationError;
  /** Uniform in [0, 1): feeds `random()` only. */
  random(): number;
}
