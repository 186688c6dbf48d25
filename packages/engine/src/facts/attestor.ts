export type ImageVerificationType = 'Cosign' | 'SigstoreBundle' | 'Notary';

/** `count` of the entries must hold; all when absent (kyverno-core §3.5). */
export interface AttestorSet {
  readonly count?: number;
  /** Entries beyond the count are judged, too, for what they attest: the newest may be anybody's among them. */
  readonly isExhaustive?: boolean;
  readonly entries: readonly Attestor[];
}

export interface Attestor {
  readonly keys?: KeyAttestor;
  readonly certificates?: CertificateAttestor;
  readonly keyless?: KeylessAttestor;
  /** A nested set. */
  readonly attestor?: AttestorSet;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly repository?: string;
  readonly signatureAlgorithm?: string;
  /** What stands before the names of the tags that hold signatures and attestations. */
  readonly tagPrefix?: string;
  /** A `trusted_root.json` that counts in place of the installation's. */
  readonly trustedRoot?: string;
  /** A TUF repository whose `trusted_root.json` counts in place of the installation's. */
  readonly tuf?: TufRepository;
}

export interface TufRepository {
  /** The public-good instance's when absent. */
  readonly mirror?: string;
  /** `root.json` to begin with, as text. */
  readonly root?: string;
}

export interface KeyAttestor {
  readonly publicKeys?: string;
  readonly secret?: { readonly name: string; readonly namespace: string };
  readonly kms?: string;
  readonly signatureAlgorithm?: string;
  readonly rekor?: Rekor;
  readonly ctlog?: CTLog;
}

export interface CertificateAttestor {
  readonly cert?: string;
  readonly certChain?: string;
  readonly rekor?: Rekor;
  readonly ctlog?: CTLog;
}

export interface KeylessAttestor {
  readonly issuer?: string;
  readonly issuerRegExp?: string;
  readonly subject?: string;
  readonly subjectRegExp?: string;
  /** `issuer` and `subject` are the whole text, and wildcards in them mean themselves. */
  readonly exact?: boolean;
  readonly roots?: string;
  readonly additionalExtensions?: Readonly<Record<string, string>>;
  readonly rekor?: Rekor;
  readonly ctlog?: CTLog;
}

export interface Rekor {
  readonly url?: string;
  readonly pubkey?: string;
  readonly ignoreTlog?: boolean;
}

export interface CTLog {
  readonly ignoreSCT?: boolean;
  readonly pubkey?: string;
  readonly tsaCertChain?: string;
}
