import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import {
  type CertificateExtension,
  createCertificate,
  type ExtendedKeyUsage,
  generateKeyPair,
  type SubjectAlternativeNameRequest,
} from '@vouchsafe/kube/pki';
import type { Authorities, CertifiedKey } from './authorities.ts';
import { createCertificateTimestamp } from './certificate-timestamp.ts';
import { extensionsOf, type IdentityClaims, subjectOf } from './identity-claims.ts';
import { createLogKey } from './log-key.ts';

/** How a certificate differs from the one Fulcio would issue. Every member is optional; none: an honest certificate. */
export interface CertificateVariant {
  notBefore?: Date;
  /** Milliseconds; ten minutes as Fulcio's. */
  lifetimeMs?: number;
  /** Instead of the name from the token; empty: no names at all. */
  subjectAlternativeNames?: readonly SubjectAlternativeNameRequest[];
  /** Instead of code signing; empty: no such extension. */
  extendedKeyUsages?: readonly ExtendedKeyUsage[];
  /** Added to the ones from the token, for instance an unknown critical one. */
  extensions?: readonly CertificateExtension[];
  /** Leaves these extensions of the token out, by object identifier. */
  withoutExtensions?: readonly string[];
  /** `unknown-log`: by a log that nobody trusts. `of-another-certificate`: over other bytes. */
  timestamp?: 'valid' | 'missing' | 'unknown-log' | 'of-another-certificate';
  /** `impostor`: authorities with the same names but other keys. `leaf`: another end-entity certificate of ours. */
  issuedBy?: 'intermediate' | 'root' | 'impostor' | 'leaf';
}

export interface CertificateOrder {
  publicKey: KeyObject;
  claims: IdentityClaims;
  now: Date;
  variant?: CertificateVariant;
}

export interface IssuedCertificate {
  pem: string;
  der: Uint8Array;
  /** What Fulcio sends along: intermediate and root, PEM. */
  chainPem: string;
}

const TEN_MINUTES = 600_000;

/** Issues a code-signing certificate for the identity, with an embedded certificate timestamp, as Fulcio does. */
export function issueCertificate(
  authorities: Authorities,
  impostors: () => Authorities,
  order: CertificateOrder,
): IssuedCertificate {
  const { variant = {} } = order;
  const issuer = issuerFor(authorities, impostors, order);
  const notBefore = variant.notBefore ?? order.now;
  const left = new Set(variant.withoutExtensions ?? []);
  const certificate = createCertificate(
    {
      subject: {},
      publicKey: order.publicKey,
      issuer: issuer.key,
      notBefore,
      notAfter: new Date(notBefore.getTime() + (variant.lifetimeMs ?? TEN_MINUTES)),
      isCertificateAuthority: false,
      subjectAlternativeNames: variant.subjectAlternativeNames ?? [subjectOf(order.claims)],
      keyUsages: ['digitalSignature'],
      extendedKeyUsages: variant.extendedKeyUsages ?? ['codeSigning'],
      extensions: [...extensionsOf(order.claims), ...(variant.extensions ?? [])].filter(({ oid }) => !left.has(oid)),
    },
    { extensionsFromTbs: (tbs) => timestampsFor(authorities, impostors, issuer.key, tbs, notBefore, variant) },
  );
  return {
    pem: certificate.pem,
    der: certificate.der,
    chainPem: issuer.chain.map((key) => key.certificatePem).join(''),
  };
}

function timestampsFor(
  authorities: Authorities,
  impostors: () => Authorities,
  issuer: CertifiedKey,
  tbs: Uint8Array,
  at: Date,
  variant: CertificateVariant,
): CertificateExtension[] {
  if (variant.timestamp === 'missing') return [];
  const log = variant.timestamp === 'unknown-log' ? impostors().certificateLog : authorities.certificateLog;
  const signed = variant.timestamp === 'of-another-certificate' ? createHash('sha256').update(tbs).digest() : tbs;
  const issuerSpki = createPublicKey(issuer.privateKey).export({ type: 'spki', format: 'der' });
  return [createCertificateTimestamp(createLogKey(log), issuerSpki, signed, at)];
}

function issuerFor(
  authorities: Authorities,
  impostors: () => Authorities,
  order: CertificateOrder,
): { key: CertifiedKey; chain: CertifiedKey[] } {
  const { fulcioIntermediate, fulcioRoot } = authorities;
  switch (order.variant?.issuedBy) {
    case 'root':
      return { key: fulcioRoot, chain: [fulcioRoot] };
    case 'impostor': {
      const others = impostors();
      return { key: others.fulcioIntermediate, chain: [others.fulcioIntermediate, others.fulcioRoot] };
    }
    case 'leaf': {
      const { variant: _variant, ...honest } = order;
      const { privateKey, publicKey } = generateKeyPair('ecdsa-p256');
      const leaf = issueCertificate(authorities, impostors, { ...honest, publicKey });
      const key = { certificatePem: leaf.pem, certificateDer: leaf.der, privateKey };
      return { key, chain: [key, fulcioIntermediate, fulcioRoot] };
    }
    default:
      return { key: fulcioIntermediate, chain: [fulcioIntermediate, fulcioRoot] };
  }
}
