/** `@vouchsafe/sandbox/sigstore`: offline Sigstore services and a signer. Loads nothing else but the registry's store. */
export type { ReferrerListing } from './attach-bundle.ts';
export type { CertificateVariant, IssuedCertificate } from './certificate-authority.ts';
export { FULCIO_USERNAME_OID, type IdentityClaims } from './identity-claims.ts';
export {
  type SignedImage,
  type SignKeylessOptions,
  type SignWithKeyOptions,
  signKeyless,
  signWithKey,
} from './sign-image.ts';
export type { LogDefects, SignatureDefects, TimestampDefects } from './signature-defects.ts';
export type { SignatureHash } from './signer-key.ts';
export type { SignatureTarget, SignOptions } from './signing-work.ts';
export type { SigstoreServices } from './sigstore-services.ts';
export {
  type Sigstore,
  type SigstoreOptions,
  type SigstorePem,
  startSigstore,
  type TokenRequest,
} from './start-sigstore.ts';
export type { SigstoreUrls, TrustedRoot } from './trusted-root.ts';
