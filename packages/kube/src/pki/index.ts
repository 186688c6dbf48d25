/** `@vouchsafe/kube/pki`: makes and reads certificates, and the DER and PEM under them. Loads nothing else. */
export type {
  BasicConstraints,
  CertificateExtension,
  ExtendedKeyUsage,
  KeyUsage,
} from './certificate-extensions.ts';
export {
  type CertificateOptions,
  type CertificateRequest,
  type CreatedCertificate,
  createCertificate,
  keyIdentifierOf,
} from './create-certificate.ts';
export {
  DerCursor,
  type DerElement,
  derContextTag,
  derTags,
  expectDerTag,
  openDer,
  readDer,
  readDerChildren,
  retagDer,
  unwrapDer,
} from './der-reader.ts';
export {
  isDerString,
  readDerBitString,
  readDerBitStringBytes,
  readDerBoolean,
  readDerInteger,
  readDerObjectIdentifier,
  readDerOctetString,
  readDerSmallInteger,
  readDerString,
  readDerTime,
} from './der-values.ts';
export {
  derBitString,
  derBoolean,
  derContext,
  derContextPrimitive,
  derGeneralizedTime,
  derIa5String,
  derInteger,
  derNull,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSetOf,
  derTime,
  derUtf8String,
  writeDer,
} from './der-writer.ts';
export { type DistinguishedName, type NameAttribute, readDistinguishedName } from './distinguished-name.ts';
export { importPublicKey, readNamedCurve } from './import-public-key.ts';
export { generateKeyPair, type KeyAlgorithm, type KeyPair } from './key-pair.ts';
export { extendedKeyUsageOids, extensionOids, hashNamesByOid, signatureOids } from './object-identifiers.ts';
export { type ParsedCertificate, parseCertificate, parseCertificates } from './parse-certificate.ts';
export { type ParsedCertificateRequest, parseCertificateRequest } from './parse-certificate-request.ts';
export { joinPem, type PemBlock, splitPem } from './pem.ts';
export { attemptPki, PkiError, type PkiResult } from './pki-error.ts';
export {
  type AlgorithmIdentifier,
  chooseSignatureAlgorithm,
  readAlgorithmIdentifier,
  verifySignature,
} from './signature-algorithm.ts';
export type { SubjectAlternativeName, SubjectAlternativeNameRequest } from './subject-alternative-name.ts';
export { tbsWithoutExtension } from './tbs-without-extension.ts';
export { verifyIssued } from './verify-issued.ts';
