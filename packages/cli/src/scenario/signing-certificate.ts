import { createPublicKey } from 'node:crypto';
import { createCertificate, generateKeyPair } from '@vouchsafe/kube/pki';

/** How a verifier may know a signing key, PEM. */
export interface SigningMaterial {
  readonly publicKey: string;
  /** Issued for the key by an authority of its own. */
  readonly certificate: string;
  /** The authority's certificates, intermediate first. */
  readonly chain: string;
}

const DAY_MS = 86_400_000;

/** Has a private authority (a root and an intermediate made for the purpose) certify a key for signing code. */
export function certifySigningKey(name: string, publicKey: string): SigningMaterial {
  const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
  const authority = { ...validity, isCertificateAuthority: true, subjectAlternativeNames: [], extendedKeyUsages: [] };
  const [rootKey, intermediateKey] = [generateKeyPair('ecdsa-p256'), generateKeyPair('ecdsa-p256')];
  const root = createCertificate({
    ...authority,
    subject: { commonName: `${name} root`, organizations: ['Sandbox'] },
    publicKey: rootKey.publicKey,
    signingKey: rootKey.privateKey,
  });
  const intermediate = createCertificate({
    ...authority,
    subject: { commonName: `${name} intermediate`, organizations: ['Sandbox'] },
    publicKey: intermediateKey.publicKey,
    issuer: { certificatePem: root.pem, privateKey: rootKey.privateKey },
  });
  const leaf = createCertificate({
    ...validity,
    isCertificateAuthority: false,
    subject: { commonName: name, organizations: ['Sandbox'] },
    publicKey: createPublicKey(publicKey),
    issuer: { certificatePem: intermediate.pem, privateKey: intermediateKey.privateKey },
    subjectAlternativeNames: [{ type: 'email', value: `${name}@sandbox.example` }],
    extendedKeyUsages: ['codeSigning'],
  });
  return { publicKey, certificate: leaf.pem, chain: intermediate.pem + root.pem };
}
