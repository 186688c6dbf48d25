import { createCertificate } from './create-certificate.ts';
import { generateKeyPair } from './key-pair.ts';

const HOUR_MS = 3_600_000;

/** What a server on 127.0.0.1 serves with, for an hour: its certificate signs itself, so that it is its own authority. */
export function createLoopbackTls(commonName = 'test', names: readonly string[] = []): { cert: string; key: string } {
  const { publicKey, privateKey, privateKeyPem } = generateKeyPair('ecdsa-p256');
  const { pem } = createCertificate({
    subject: { commonName },
    publicKey,
    signingKey: privateKey,
    notBefore: new Date(Date.now() - HOUR_MS),
    notAfter: new Date(Date.now() + HOUR_MS),
    isCertificateAuthority: true,
    keyUsages: ['digitalSignature', 'keyCertSign'],
    subjectAlternativeNames: [
      { type: 'ip', value: '127.0.0.1' },
      ...names.map((value) => ({ type: 'dns', value }) as const),
    ],
    extendedKeyUsages: ['serverAuth'],
  });
  return { cert: pem, key: privateKeyPem };
}
