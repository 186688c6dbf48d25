/** What a request shows to prove who it is. Values are secrets: never log them. */
export interface ClusterCredentials {
  /** The whole Authorization header. */
  readonly authorization?: string;
  /** PEM. */
  readonly clientCertificate?: string;
  /** PEM. */
  readonly clientKey?: string;
}

/** Where a cluster is and how to speak to it. */
export interface ClusterConnection {
  /** `https://host:port`, perhaps with a path prefix, without a trailing slash. */
  readonly server: string;
  /** The namespace of the context; `default` unless set. */
  readonly namespace: string;
  /** PEM of the authorities to trust; undefined means those of the platform. */
  readonly certificateAuthority?: string;
  /** The name to expect in the server's certificate instead of the host. */
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify: boolean;
  /**
   * The credentials of this moment: token files are read again, plugins are asked again when what they gave has run
   * out. `refresh` asks past every cache, after a 401. Rejects with an error whose message is safe to show.
   */
  readonly credentials: (options?: { readonly refresh?: boolean }) => Promise<ClusterCredentials>;
}

/** Reading configuration fails with a message, without throwing. */
export type ConfigResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string };

export function configFailure(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
