export type {
  Attestor,
  AttestorSet,
  CertificateAttestor,
  CTLog,
  ImageVerificationType,
  KeyAttestor,
  KeylessAttestor,
  Rekor,
  TufRepository,
} from './attestor.ts';
export type { Fact, FactFailure, FactFailureClass } from './fact.ts';
export type {
  ApiCallRequest,
  ApiResourceRequest,
  ConfigMapRequest,
  FactKind,
  FactRequest,
  GlobalContextRequest,
  HttpCallRequest,
  ImageDataRequest,
  ImageDigestRequest,
  ImageVerificationRequest,
  KindMappingRequest,
  KindSchemaRequest,
  RegistryAccess,
  ResourceRequest,
  ServiceCallRequest,
} from './fact-request.ts';
export type { Cancellation, FactSource } from './fact-source.ts';
export { combineSources } from './fact-source.ts';
export { FactTable, factKey, Need, orNeed, rethrowNeed } from './fact-table.ts';
export type {
  AttestationOutcome,
  AttestorOutcome,
  AttestorSetOutcome,
  EvidenceFailure,
  EvidenceReason,
  ImageVerification,
} from './image-verification.ts';
export type {
  ManifestSignature,
  ManifestVerification,
  ManifestVerificationRequest,
  SignedMessage,
  SignedMessageRequest,
} from './manifest-verification.ts';
