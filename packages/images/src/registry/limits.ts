/** Bounds of everything a registry can make this package do. */
export interface RegistryLimits {
  /** Bytes of a manifest or an index. */
  readonly manifestBytes: number;
  /** Bytes of one blob of evidence or of an image's configuration. */
  readonly blobBytes: number;
  /** Bytes of all blobs fetched as evidence for one image. */
  readonly evidenceBytes: number;
  /** Layers of a signature manifest. */
  readonly layers: number;
  /** Referrers of one image, over all pages. */
  readonly referrers: number;
  /** Bytes of the manifests of all referrers of one image. */
  readonly referrerBytes: number;
  readonly redirects: number;
  /** Milliseconds a single HTTP exchange may take. */
  readonly exchangeMs: number;
  /** Milliseconds one question (resolve, collect) may take in all. */
  readonly totalMs: number;
  /** The longest wait a `Retry-After` is honoured for, in milliseconds. */
  readonly retryAfterMs: number;
  /** Sockets to one host. */
  readonly connections: number;
}

const mebibyte = 1024 * 1024;

export const defaultLimits: RegistryLimits = {
  manifestBytes: 4 * mebibyte,
  blobBytes: 10 * mebibyte,
  evidenceBytes: 64 * mebibyte,
  layers: 100,
  referrers: 100,
  referrerBytes: 8 * mebibyte,
  redirects: 5,
  exchangeMs: 10_000,
  totalMs: 25_000,
  retryAfterMs: 3_000,
  connections: 16,
};
