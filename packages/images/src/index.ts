/** `@vouchsafe/images`: answers questions about container images from what registries hold and whom one trusts. */
export type { Artifact, ArtifactLayer, ArtifactResult } from './facts/artifact.ts';
export { askVerification } from './facts/ask-verification.ts';
export { type AttestorProblem, checkAttestor } from './facts/check-attestor.ts';
export {
  createImageSource,
  type ImageSource,
  type ImageSourceOptions,
  type ImageSourceStats,
} from './facts/image-source.ts';
export type { IndexImage } from './facts/index-images.ts';
export {
  type EvidenceListing,
  type ListEvidenceOptions,
  type ListedEvidence,
  listEvidence,
} from './facts/list-evidence.ts';
export { createManifestSource, type ManifestSourceOptions } from './facts/manifest-source.ts';
export { type PulledLayers, pullArtifact } from './facts/pull-artifact.ts';
export { pushArtifact } from './facts/push-artifact.ts';
export { verifyArtifact } from './facts/verify-artifact.ts';
export {
  type VerifyImageOptions,
  type VerifyImageResult,
  verifyImage,
} from './facts/verify-image.ts';
export { withInsecureRegistries } from './facts/with-insecure-registries.ts';
export type { SecretKeySource } from './keys/secret-key-source.ts';
export { createRegistryHosts, type RegistryHostOptions, type RegistryHosts } from './names/registry-hosts.ts';
export { type SignatureOrigins, toSignatureOrigins } from './names/signature-location.ts';
export type { CredentialSource } from './registry/credential-source.ts';
export type { Credential } from './registry/docker-config.ts';
export { defaultLimits, type RegistryLimits } from './registry/limits.ts';
export {
  type FollowedTrustRoot,
  type FollowOptions,
  followPlace,
  followTrustRoot,
  type TrustRootPlace,
} from './trust/follow-trust-root.ts';
export { readTrustRoot } from './trust/read-trust-root.ts';
export {
  deferTrustRoot,
  parseTrustRoot,
  publicGoodTrustRoot,
  publicGoodTrustRootDate,
  type TrustRoot,
  type TrustRootResult,
} from './trust/trust-root.ts';
export { followTufMirror, publicGoodMirror, readTufTrustRoot, type TufOptions } from './tuf/follow-tuf-mirror.ts';
