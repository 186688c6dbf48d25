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

/** Makes a certificate authority and a serving certificate for loopback names. */
export function createServerCertificates(now: Date): ServerCertificates {
  const authority = generateKeyPair('ecdsa-p256');
  const validity = {
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + LIFETIME_DAYS * DAY),
  };
  const caPem = createCertificate({
    subject: { commonName: 'vouchsafe-sandbox-ca' },
    publicKey: authority.publicKey,
    signingKey: authority.privateKey,
    ...validity,
    isCertificateAuthority: true,
    subjectAlternativeNames: [],
    keyUsages: ['keyCertSign', 'cRLSign', 'digitalSignature'],
    extendedKeyUsages: [],
  }).pem;

  function issue(
    keys: KeyPair,
    subject: { commonName: string; organizations?: readonly string[] },
    usage: 'serverAuth' | 'clientAuth',
    names: readonly { type: 'dns' | 'ip'; value: string }[],
  ): string {
    return createCertificate({
      subject,
      publicKey: keys.publicKey,
      issuer: { certificatePem: caPem, privateKey: authority.privateKey },
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
