import type { ParsedCertificate } from '@vouchsafe/kube/pki';
import type { HashName, PublicKey } from './public-key.ts';
import type { WantedIdentity } from './signer-identity.ts';
import type { CertificateAuthority, TrustedLog } from './trust-root.ts';

/** One attestor with everything it refers to at hand: keys read, overrides of the trust root applied. */
export interface ResolvedAttestor {
  readonly signer: KeySigner | CertificateSigner;
  /** Every certificate a certificate attestor names; empty for others. */
  readonly certificates: readonly ParsedCertificate[];
  /** The logs one of which must have the signature; undefined: the policy asks for no log (`rekor.ignoreTlog`). */
  readonly transparencyLogs: readonly TrustedLog[] | undefined;
  /** Undefined: no certificate timestamp is asked for (`ctlog.ignoreSCT`, or a trust root without any certificate log). */
  readonly certificateLogs: readonly TrustedLog[] | undefined;
  readonly timeStampAuthorities: readonly CertificateAuthority[];
  /** A time stamp that does not hold refuses the signature. Otherwise it only adds a time when it holds. */
  readonly areTimeStampsStrict: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  /** Names all of the above in caches. */
  readonly hash: string;
}

/** A key that must have signed. */
export interface KeySigner {
  readonly kind: 'key';
  readonly key: PublicKey;
  /** The only hash that counts; both usual ones when undefined. */
  readonly hash: HashName | undefined;
  /** The certificate the policy gave for the key: it must have been valid at the time. */
  readonly certificate: ParsedCertificate | undefined;
  /** Who must have issued that certificate; undefined: nobody in particular. */
  readonly authorities: readonly CertificateAuthority[] | undefined;
}

/** Whoever holds a certificate of these authorities for this identity. */
export interface CertificateSigner {
  readonly kind: 'certificate';
  readonly authorities: readonly CertificateAuthority[];
  readonly identity: WantedIdentity;
}
