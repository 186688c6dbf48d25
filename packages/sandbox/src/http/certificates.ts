import { createPrivateKey } from 'node:crypto';
import { createCertificate, generateKeyPair, type KeyPair } from '@vouchsafe/kube/pki';

/** The keys and certificates of one server. */
export interface ServerCertificates {
  readonly caPem: string;
  readonly serverCertificatePem: string;
  readonly serverKeyPem: string;
  /** A client certificate for a user; organizations become groups. */
  issueClient(commonName: string, organizations: readonly string[]): { certificatePem: string; keyPem: string };
}

const DAY = 24 * 3_600_000;
const LIFETIME_DAYS = 365;

/** The certificate and key of an authority, as PEM. */
export interface AuthorityKeys {
  readonly certificatePem: string;
  readonly keyPem: string;
}

function validityFrom(now: Date): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + LIFETIME_DAYS * DAY),
  };
}

/** Makes a certificate authority. */
export function createAuthority(now: Date): AuthorityKeys {
  const keys = generateKeyPair('ecdsa-p256');
  const { pem } = createCertificate({
    subject: { commonName: 'vouchsafe-sandbox-ca' },
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    ...validityFrom(now),
    isCertificateAuthority: true,
    subjectAlternativeNames: [],
    keyUsages: ['keyCertSign', 'cRLSign', 'digitalSignature'],
    extendedKeyUsages: [],
  });
  return { certificatePem: pem, keyPem: keys.privateKeyPem };
}

/** Makes a serving certificate for loopback names; issues client certificates. */
export function createServerCertificates(authority: AuthorityKeys, now: Date): ServerCertificates {
  const caPem = authority.certificatePem;
  const issuer = { certificatePem: caPem, privateKey: createPrivateKey(authority.keyPem) };
  const validity = validityFrom(now);

  function issue(
    keys: KeyPair,
    subject: { commonName: string; organizations?: readonly string[] },
    usage: 'serverAuth' | 'clientAuth',
    names: readonly { type: 'dns' | 'ip'; value: string }[],
  ): string {
    return createCertificate({
      subject,
      publicKey: keys.publicKey,
      issuer,
      ...validity,
      isCertificateAuthority: false,
      subjectAlternativeNames: names,
      keyUsages: ['digitalSignature'],
      extendedKeyUsages: [usage],
    }).pem;
  }

  const server = generateKeyPair('ecdsa-p256');
  const names = [
    ...['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'].map(
      (value) => ({ type: 'dns', value }) as const,
    ),
    { type: 'ip', value: '127.0.0.1' } as const,
  ];
  return {
    caPem,
    serverCertificatePem: issue(server, { commonName: 'kube-apiserver' }, 'serverAuth', names),
    serverKeyPem: server.privateKeyPem,
    issueClient(commonName, organizations) {
      const keys = generateKeyPair('ecdsa-p256');
      return {
        certificatePem: issue(keys, { commonName, organizations }, 'clientAuth', []),
        keyPem: keys.privateKeyPem,
      };
    },
  };
}
