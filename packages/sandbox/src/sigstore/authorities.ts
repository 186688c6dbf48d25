import { createPrivateKey, createPublicKey, type KeyObject, randomInt } from 'node:crypto';
import { createCertificate, generateKeyPair, type KeyAlgorithm, parseCertificate } from '@vouchsafe/kube/pki';

/** A certificate and its key. */
export interface CertifiedKey {
  certificatePem: string;
  certificateDer: Uint8Array;
  privateKey: KeyObject;
}

interface PlainKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** The keys and certificates behind one set of Sigstore services. Random at each start unless restored. */
export interface Authorities {
  /** Everything is valid from here. */
  validFrom: Date;
  fulcioRoot: CertifiedKey;
  fulcioIntermediate: CertifiedKey;
  timestampRoot: CertifiedKey;
  timestampSigner: CertifiedKey;
  certificateLog: PlainKey;
  rekor: PlainKey;
  rekorV2: PlainKey;
  oidc: PlainKey;
  /** Decimal; part of Rekor v1 checkpoints and entry names. */
  treeId: string;
}

/** What `exportAuthorities` keeps: PEM keys and certificates. Secret. */
export interface StoredAuthorities {
  validFrom: string;
  treeId: string;
  keys: Record<KeyName, string>;
  certificates: Record<CertifiedName, string>;
}

const CERTIFIED = ['fulcioRoot', 'fulcioIntermediate', 'timestampRoot', 'timestampSigner'] as const;
const PLAIN = ['certificateLog', 'rekor', 'rekorV2', 'oidc'] as const;
type CertifiedName = (typeof CERTIFIED)[number];
type KeyName = CertifiedName | (typeof PLAIN)[number];

const ORGANIZATION = 'vouchsafe sandbox';
const DAY = 86_400_000;
const LIFETIME = 3650 * DAY;

/** Makes fresh keys: P-384 for the authorities and P-256 or Ed25519 for the logs, as the public instance has. */
export function createAuthorities(validFrom: Date): Authorities {
  const issue = (request: AuthorityRequest) => createAuthority(request, validFrom);
  const fulcioRoot = issue({ commonName: 'sandbox fulcio root', algorithm: 'ecdsa-p384', pathLength: 1 });
  const timestampRoot = issue({ commonName: 'sandbox timestamp root', algorithm: 'ecdsa-p384', pathLength: 0 });
  return {
    validFrom,
    fulcioRoot,
    fulcioIntermediate: issue({
      commonName: 'sandbox fulcio intermediate',
      algorithm: 'ecdsa-p384',
      pathLength: 0,
      issuer: fulcioRoot,
      extendedKeyUsage: 'codeSigning',
    }),
    timestampRoot,
    timestampSigner: issue({
      commonName: 'sandbox timestamp authority',
      algorithm: 'ecdsa-p256',
      issuer: timestampRoot,
      extendedKeyUsage: 'timeStamping',
    }),
    certificateLog: generateKeyPair('ecdsa-p256'),
    rekor: generateKeyPair('ecdsa-p256'),
    rekorV2: generateKeyPair('ed25519'),
    oidc: generateKeyPair('ecdsa-p256'),
    treeId: String(randomInt(2 ** 47)),
  };
}

interface AuthorityRequest {
  commonName: string;
  algorithm: KeyAlgorithm;
  /** An authority over so many more; absent: not an authority. */
  pathLength?: number;
  issuer?: CertifiedKey;
  extendedKeyUsage?: 'codeSigning' | 'timeStamping';
}

function createAuthority(request: AuthorityRequest, validFrom: Date): CertifiedKey {
  const { privateKey, publicKey } = generateKeyPair(request.algorithm);
  const certificate = createCertificate({
    subject: { commonName: request.commonName, organizations: [ORGANIZATION] },
    publicKey,
    ...(request.issuer === undefined ? { signingKey: privateKey } : { issuer: request.issuer }),
    notBefore: validFrom,
    notAfter: new Date(validFrom.getTime() + LIFETIME),
    isCertificateAuthority: request.pathLength !== undefined,
    ...(request.pathLength === undefined ? {} : { pathLength: request.pathLength }),
    subjectAlternativeNames: [],
    extendedKeyUsages: request.extendedKeyUsage === undefined ? [] : [request.extendedKeyUsage],
  });
  return { certificatePem: certificate.pem, certificateDer: certificate.der, privateKey };
}

export function exportAuthorities(authorities: Authorities): StoredAuthorities {
  const pem = (name: KeyName) => [
    name,
    authorities[name].privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  ];
  return {
    validFrom: authorities.validFrom.toISOString(),
    treeId: authorities.treeId,
    // Every name of the two lists is present, which fromEntries cannot express.
    keys: Object.fromEntries([...CERTIFIED, ...PLAIN].map(pem)) as Record<KeyName, string>,
    certificates: Object.fromEntries(CERTIFIED.map((name) => [name, authorities[name].certificatePem])) as Record<
      CertifiedName,
      string
    >,
  };
}

/** Throws when a key or certificate is missing or unreadable: a state file that is not ours. */
export function importAuthorities(stored: StoredAuthorities): Authorities {
  const certified = (name: CertifiedName): CertifiedKey => ({
    privateKey: createPrivateKey(stored.keys[name]),
    certificatePem: stored.certificates[name],
    certificateDer: parseCertificate(stored.certificates[name]).der,
  });
  const plain = (name: KeyName): PlainKey => {
    const privateKey = createPrivateKey(stored.keys[name]);
    return { privateKey, publicKey: createPublicKey(privateKey) };
  };
  return {
    validFrom: new Date(stored.validFrom),
    treeId: stored.treeId,
    fulcioRoot: certified('fulcioRoot'),
    fulcioIntermediate: certified('fulcioIntermediate'),
    timestampRoot: certified('timestampRoot'),
    timestampSigner: certified('timestampSigner'),
    certificateLog: plain('certificateLog'),
    rekor: plain('rekor'),
    rekorV2: plain('rekorV2'),
    oidc: plain('oidc'),
  };
}
