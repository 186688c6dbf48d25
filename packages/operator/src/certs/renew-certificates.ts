import { createPrivateKey } from 'node:crypto';
import {
  createCertificate,
  generateKeyPair,
  joinPem,
  parseCertificate,
  splitPem,
  verifyIssued,
} from '@vouchsafe/kube/pki';

/** What a `kubernetes.io/tls` Secret holds, as PEM. */
export interface TlsPair {
  /** For the authority: the newest first, older ones that are still valid after it. */
  readonly certificate: string;
  readonly privateKey: string;
}

export interface CertificateState {
  readonly authority: TlsPair | undefined;
  readonly serving: TlsPair | undefined;
}

export interface CertificateNames {
  readonly serviceName: string;
  readonly namespace: string;
  /** Added as a subject alternative name when webhooks are called by address. */
  readonly serverIP: string | undefined;
}

export interface RenewedCertificates {
  readonly authority: TlsPair;
  readonly serving: TlsPair;
  readonly authorityChanged: boolean;
  readonly servingChanged: boolean;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Kyverno's lifetimes (kyverno-core §4.3). */
const AUTHORITY_DAYS = 365;
const SERVING_DAYS = 150;
export const RENEW_BEFORE_DAYS = 15;

/**
 * The certificates to serve now: the stored ones while they are good for at least `RENEW_BEFORE_DAYS`, new ones
 * otherwise. An old authority stays in the bundle until it expires, so that a replica still serving the old leaf is
 * trusted. Keys are P-256: a handshake costs half of RSA's. Stored text that cannot be read is replaced.
 */
export function renewCertificates(stored: CertificateState, names: CertificateNames, now: Date): RenewedCertificates {
  const kept = stored.authority && isGood(stored.authority, now) ? stored.authority : undefined;
  const authority = kept ?? newAuthority(stored.authority, now);
  const servingKept =
    stored.serving && isGood(stored.serving, now) && isServing(stored.serving, authority, names)
      ? stored.serving
      : undefined;
  return {
    authority,
    serving: servingKept ?? newServing(authority, names, now),
    authorityChanged: kept === undefined,
    servingChanged: servingKept === undefined,
  };
}

function isGood(pair: TlsPair, now: Date): boolean {
  const certificate = newestOf(pair);
  if (!certificate) return false;
  const margin = now.getTime() + RENEW_BEFORE_DAYS * DAY_MS;
  try {
    createPrivateKey(pair.privateKey);
  } catch {
    return false;
  }
  return certificate.notBefore.getTime() <= now.getTime() && certificate.notAfter.getTime() > margin;
}

function isServing(serving: TlsPair, authority: TlsPair, names: CertificateNames): boolean {
  const leaf = newestOf(serving);
  const parent = newestOf(authority);
  if (!leaf || !parent || !verifyIssued(leaf, parent)) return false;
  const present = new Set(leaf.subjectAlternativeNames.map(({ value }) => value));
  return alternativeNames(names).every(({ value }) => present.has(value));
}

function newestOf(pair: TlsPair) {
  const [first] = certificatesOf(pair.certificate);
  return first;
}

function certificatesOf(text: string) {
  try {
    return splitPem(text).map(({ der }) => parseCertificate(der));
  } catch {
    return [];
  }
}

function newAuthority(old: TlsPair | undefined, now: Date): TlsPair {
  const keys = generateKeyPair('ecdsa-p256');
  const { pem } = createCertificate({
    subject: { commonName: '*.kyverno.svc' },
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    notBefore: new Date(now.getTime() - HOUR_MS),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
    isCertificateAuthority: true,
    subjectAlternativeNames: [],
    extendedKeyUsages: [],
  });
  const stillValid = old ? stillValidPem(old.certificate, now) : '';
  return { certificate: pem + stillValid, privateKey: keys.privateKeyPem };
}

/** Older authorities whose leaves may still be served. */
function stillValidPem(text: string, now: Date): string {
  try {
    return splitPem(text)
      .filter(({ der }) => parseCertificate(der).notAfter > now)
      .map(({ der }) => joinPem('CERTIFICATE', der))
      .join('');
  } catch {
    return '';
  }
}

function newServing(authority: TlsPair, names: CertificateNames, now: Date): TlsPair {
  const keys = generateKeyPair('ecdsa-p256');
  const { pem } = createCertificate({
    subject: { commonName: `${names.serviceName}.${names.namespace}.svc` },
    publicKey: keys.publicKey,
    issuer: { certificatePem: authority.certificate, privateKey: createPrivateKey(authority.privateKey) },
    notBefore: new Date(now.getTime() - HOUR_MS),
    notAfter: new Date(now.getTime() + SERVING_DAYS * DAY_MS),
    isCertificateAuthority: false,
    subjectAlternativeNames: alternativeNames(names),
    extendedKeyUsages: ['serverAuth'],
  });
  return { certificate: pem, privateKey: keys.privateKeyPem };
}

function alternativeNames({ serviceName, namespace, serverIP }: CertificateNames) {
  const host = serverIP?.replace(/:\d+$/, '');
  return [
    { type: 'dns' as const, value: serviceName },
    { type: 'dns' as const, value: `${serviceName}.${namespace}` },
    { type: 'dns' as const, value: `${serviceName}.${namespace}.svc` },
    ...(host ? [{ type: 'ip' as const, value: host }] : []),
  ];
}
