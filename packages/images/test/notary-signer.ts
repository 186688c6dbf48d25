import { constants, createHash, type KeyObject, sign } from 'node:crypto';
import { createCertificate, generateKeyPair, type KeyAlgorithm, splitPem } from '@vouchsafe/kube/pki';
import type { Registry } from '../../sandbox/src/registry/start-registry.ts';

export interface NotaryKey {
  readonly privateKey: KeyObject;
  readonly pem: string;
  /** The signer's and those above it, PEM. */
  readonly chain: string;
}

const hour = 3_600_000;

/** A private authority, and a key it certified for code signing; `changes` to the signer's certificate. */
export function createNotaryKeys(
  algorithm: KeyAlgorithm = 'ecdsa-p256',
  changes: Partial<Parameters<typeof createCertificate>[0]> = {},
): { root: string; signer: NotaryKey } {
  const authority = generateKeyPair('ecdsa-p256');
  const pair = generateKeyPair(algorithm);
  const validity = { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 24 * hour) };
  const root = createCertificate({
    subject: { commonName: 'notary-root', organizations: ['Test'] },
    publicKey: authority.publicKey,
    signingKey: authority.privateKey,
    ...validity,
    isCertificateAuthority: true,
    subjectAlternativeNames: [],
    extendedKeyUsages: [],
  });
  const leaf = createCertificate({
    subject: { commonName: 'builder', organizations: ['Test'] },
    publicKey: pair.publicKey,
    issuer: { certificatePem: root.pem, privateKey: authority.privateKey },
    ...validity,
    isCertificateAuthority: false,
    subjectAlternativeNames: [],
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: ['codeSigning'],
    ...changes,
  });
  return { root: root.pem, signer: { privateKey: pair.privateKey, pem: leaf.pem, chain: `${leaf.pem}${root.pem}` } };
}

/** How an envelope differs from an honest one. */
export interface NotaryDefects {
  readonly digest?: string;
  /** Of the image, in the signed descriptor. */
  readonly mediaType?: string;
  readonly size?: number;
  readonly contentType?: string;
  readonly scheme?: string;
  readonly critical?: readonly string[];
  readonly expiry?: Date;
  readonly algorithm?: string;
  readonly isTampered?: boolean;
  readonly certificates?: readonly Uint8Array[];
  readonly timeStamp?: (signature: Uint8Array) => Uint8Array;
}

export interface NotaryOptions {
  readonly registry: Registry;
  readonly repository: string;
  /** What is signed: a manifest of the repository. */
  readonly digest: string;
  readonly key: NotaryKey;
  readonly format?: 'jws' | 'cose';
  readonly annotations?: Readonly<Record<string, string>>;
  readonly defects?: NotaryDefects;
}

const schemeAttribute = 'io.cncf.notary.signingScheme';
const expiryAttribute = 'io.cncf.notary.expiry';

/** Signs as the Notary Project does and stores the signature as a referrer. The digest of the envelope. */
export function signNotary(options: NotaryOptions): string {
  const { registry, repository, digest, format = 'jws' } = options;
  const blob = format === 'jws' ? jwsOf(options) : coseOf(options);
  return attachReferrer(registry, repository, digest, {
    configType: 'application/vnd.cncf.notary.signature',
    layerType: format === 'jws' ? 'application/jose+json' : 'application/cose',
    blob,
  }).layerDigest;
}

/** Stores a manifest with one layer that refers to `digest`. */
export function attachReferrer(
  { content }: Registry,
  repository: string,
  digest: string,
  parts: {
    configType: string;
    layerType: string;
    blob: Buffer;
    artifactType?: string;
    annotations?: Record<string, string>;
  },
): { digest: string; layerDigest: string } {
  const descriptorOf = (mediaType: string, bytes: Buffer) => {
    const stored = content.putBlob(repository, bytes);
    if ('problem' in stored) throw new Error(stored.problem);
    return { mediaType, digest: stored.digest, size: bytes.length };
  };
  const subject = content.manifest(repository, digest)?.manifest;
  const annotations = parts.annotations === undefined ? {} : { annotations: parts.annotations };
  const layer = { ...descriptorOf(parts.layerType, parts.blob), ...annotations };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      ...(parts.artifactType === undefined ? {} : { artifactType: parts.artifactType }),
      config: descriptorOf(parts.configType, Buffer.from('{}')),
      layers: [layer],
      subject: { mediaType: subject?.mediaType, digest, size: subject?.bytes.length },
    }),
  );
  const name = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  const stored = content.putManifest(repository, name, manifest, mediaType);
  if ('problem' in stored) throw new Error(stored.problem);
  return { digest: name, layerDigest: layer.digest };
}

function payloadOf({ registry, repository, digest, annotations = {}, defects = {} }: NotaryOptions): Buffer {
  const found = registry.content.manifest(repository, digest)?.manifest;
  const targetArtifact = {
    annotations,
    digest: defects.digest ?? digest,
    mediaType: defects.mediaType ?? found?.mediaType ?? '',
    size: defects.size ?? found?.bytes.length ?? 0,
  };
  return Buffer.from(JSON.stringify({ targetArtifact }));
}

function attributesOf({ defects = {} }: NotaryOptions) {
  return {
    contentType: defects.contentType ?? 'application/vnd.cncf.notary.payload.v1+json',
    scheme: defects.scheme ?? 'notary.x509',
    critical: defects.critical ?? [schemeAttribute, ...(defects.expiry === undefined ? [] : [expiryAttribute])],
  };
}

function certificatesOf({ key, defects }: NotaryOptions): readonly Uint8Array[] {
  return defects?.certificates ?? splitPem(key.chain).map(({ der }) => der);
}

function jwsOf(options: NotaryOptions): Buffer {
  const { defects = {}, key } = options;
  const { contentType, scheme, critical } = attributesOf(options);
  const header = {
    alg: defects.algorithm ?? algorithmOf(key.privateKey),
    crit: critical,
    cty: contentType,
    [schemeAttribute]: scheme,
    'io.cncf.notary.signingTime': new Date().toISOString(),
    ...(defects.expiry === undefined ? {} : { [expiryAttribute]: defects.expiry.toISOString() }),
  };
  const protectedText = Buffer.from(JSON.stringify(header)).toString('base64url');
  const payload = payloadOf(options).toString('base64url');
  const signature = signatureOver(Buffer.from(`${protectedText}.${payload}`), options);
  const stamp = defects.timeStamp?.(signature);
  return Buffer.from(
    JSON.stringify({
      payload,
      protected: protectedText,
      header: {
        x5c: certificatesOf(options).map((der) => Buffer.from(der).toString('base64')),
        ...(stamp === undefined ? {} : { 'io.cncf.notary.timestampSignature': Buffer.from(stamp).toString('base64') }),
      },
      signature: signature.toString('base64url'),
    }),
  );
}

const coseAlgorithms: Readonly<Record<string, number>> = {
  ES256: -7,
  ES384: -35,
  ES512: -36,
  PS256: -37,
  PS384: -38,
  PS512: -39,
};

function coseOf(options: NotaryOptions): Buffer {
  const { defects = {}, key } = options;
  const { contentType, scheme, critical } = attributesOf(options);
  const time = (date: Date) => Buffer.concat([Buffer.from([0xc1]), cborHead(0, Math.floor(date.getTime() / 1000))]);
  const header = cborMap([
    [cborInteger(1), cborInteger(coseAlgorithms[defects.algorithm ?? algorithmOf(key.privateKey)] ?? -999)],
    [cborInteger(2), cborList(critical.map(cborText))],
    [cborInteger(3), cborText(contentType)],
    [cborText(schemeAttribute), cborText(scheme)],
    [cborText('io.cncf.notary.signingTime'), time(new Date())],
    ...(defects.expiry === undefined ? [] : [[cborText(expiryAttribute), time(defects.expiry)] as const]),
  ]);
  const payload = payloadOf(options);
  const signed = cborList([cborText('Signature1'), cborBytes(header), cborBytes(Buffer.alloc(0)), cborBytes(payload)]);
  const signature = signatureOver(signed, options);
  const stamp = defects.timeStamp?.(signature);
  const unprotected = cborMap([
    [cborInteger(33), cborList(certificatesOf(options).map(cborBytes))],
    ...(stamp === undefined ? [] : [[cborText('io.cncf.notary.timestampSignature'), cborBytes(stamp)] as const]),
  ]);
  const body = cborList([cborBytes(header), unprotected, cborBytes(payload), cborBytes(signature)]);
  return Buffer.concat([Buffer.from([0xd2]), body]);
}

function signatureOver(bytes: Buffer, { key: { privateKey }, defects = {} }: NotaryOptions): Buffer {
  const algorithm = algorithmOf(privateKey);
  const hash = `sha${algorithm.slice(2)}`;
  const signature = algorithm.startsWith('PS')
    ? sign(hash, bytes, {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    : sign(hash, bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  if (defects.isTampered === true) signature[5] = (signature[5] ?? 0) ^ 1;
  return signature;
}

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'PS256';
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === 'secp384r1' ? 'ES384' : curve === 'secp521r1' ? 'ES512' : 'ES256';
}

function cborHead(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  const head = Buffer.alloc(5);
  head.writeUInt8((major << 5) | 26);
  head.writeUInt32BE(value, 1);
  return head;
}

const cborInteger = (value: number): Buffer => (value < 0 ? cborHead(1, -1 - value) : cborHead(0, value));
const cborBytes = (bytes: Uint8Array): Buffer => Buffer.concat([shortHead(2, bytes.length), bytes]);
const cborText = (text: string): Buffer => Buffer.concat([shortHead(3, Buffer.byteLength(text)), Buffer.from(text)]);
const cborList = (items: readonly Buffer[]): Buffer => Buffer.concat([cborHead(4, items.length), ...items]);
const cborMap = (pairs: readonly (readonly [Buffer, Buffer])[]): Buffer =>
  Buffer.concat([cborHead(5, pairs.length), ...pairs.flat()]);

/** The shortest head, which the structure that is signed must have. */
function shortHead(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 256) return Buffer.from([(major << 5) | 24, length]);
  return length < 65_536 ? Buffer.from([(major << 5) | 25, length >> 8, length & 255]) : cborHead(major, length);
}
