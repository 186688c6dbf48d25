/** `@vouchsafe/sandbox`: a cluster you can hold in your hand. */
export {
  type ImageContent,
  type Platform,
  type PushedImage,
  pushImage,
} from './registry/push-image.ts';
export type { RegistryAuth } from './registry/registry-auth.ts';
export type { RegistryFault, RegistryFaultEffect, RegistryRequestKind } from './registry/registry-fault.ts';
export type { RegistryRequest } from './registry/request-log.ts';
export { type Registry, type RegistryOptions, startRegistry } from './registry/start-registry.ts';
export type { CertificateVariant } from './sigstore/certificate-authority.ts';
export {
  type SignedImage,
  type SignKeylessOptions,
  type SignOptions,
  type SignWithKeyOptions,
  signKeyless,
  signWithKey,
} from './sigstore/sign-image.ts';
export type { LogDefects, SignatureDefects, TimestampDefects } from './sigstore/signature-defects.ts';
export { type Sigstore, type SigstoreOptions, startSigstore, type TokenRequest } from './sigstore/start-sigstore.ts';
export type { TrustedRoot } from './sigstore/trusted-root.ts';
