export type ImageVerificationType = 'Cosign' | 'SigstoreBundle' | 'Notary';

/** `count` of the entries must hold; all when absent (kyverno-core §3.5). */
export interface AttestorSet {
  readonly count?: number;
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
