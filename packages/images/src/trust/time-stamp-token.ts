import { createHash } from 'node:crypto';
import {
  type AlgorithmIdentifier,
  type DerElement,
  derContextTag,
  derObjectIdentifier,
  derSequence,
  derTags,
  hashNamesByOid,
  openDer,
  type ParsedCertificate,
  parseCertificate,
  readAlgorithmIdentifier,
  readDer,
  readDerInteger,
  readDerObjectIdentifier,
  readDerOctetString,
  readDerTime,
  retagDer,
  signatureOids,
  unwrapDer,
  verifySignature,
} from '@vouchsafe/kube/pki';
import { createEffort, type Effort, findCertificatePath } from './certificate-path.ts';
import { sameBytes } from './encoded-text.ts';
import { acceptableKey } from './public-key.ts';
import { attempt, Refusal, readOrRefuse } from './refusal.ts';
import type { CertificateAuthority } from './trust-root.ts';

const signedDataOid = '1.2.840.113549.1.7.2';
const timeStampInfoOid = '1.2.840.113549.1.9.16.1.4';
const contentTypeOid = '1.2.840.113549.1.9.3';
const messageDigestOid = '1.2.840.113549.1.9.4';
const maximumBytes = 64 * 1024;
const maximumCertificates = 12;

/**
 * The time at which a trusted authority saw `data` (RFC 3161), in milliseconds. The token may stand in a response. Its
 * own certificates may be the signer's or lead to an authority; they are trusted by neither being there nor missing.
 * Refuses `certificate-time`.
 */
export function checkTimeStampToken(
  token: Uint8Array,
  data: Uint8Array,
  authorities: readonly CertificateAuthority[],
  effort: Effort = createEffort(),
): number {
  const parsed = readOrRefuse('certificate-time', 'the time stamp', () => readToken(token));
  const { info, signer } = parsed;
  const imprint = createHash(info.imprintHash).update(data).digest();
  if (!sameBytes(imprint, info.imprint)) throw refusal('the time stamp is of other data');
  if (!sameBytes(createHash(signer.hash).update(info.der).digest(), signer.messageDigest)) {
    throw refusal('the time stamp is not what its authority signed');
  }
  let untrusted: Refusal | undefined;
  let isNamed = false;
  for (const leaf of signersOf(parsed, authorities)) {
    isNamed = true;
    if (effort.left <= 0) break;
    effort.left -= 1;
    const key = attempt(() => acceptableKey(leaf.publicKey, leaf.spki));
    if (!key.ok) {
      untrusted ??= refusal(`the key of its authority is refused: ${key.failure.message}`);
      continue;
    }
    if (!verifySignature(signer.algorithm, leaf.publicKey, signer.signedAttributes, signer.signature)) continue;
    const question = { leaf, authorities, usage: 'timeStamping', times: [info.time], effort } as const;
    const direct = attempt(() => findCertificatePath({ ...question, untrusted: [] }));
    if (direct.ok) return info.time;
    const path = attempt(() => findCertificatePath({ ...question, untrusted: parsed.certificates() }));
    if (path.ok) return info.time;
    untrusted = refusal(`the authority of the time stamp is not trusted: ${path.failure.message}`);
  }
  throw untrusted ?? refusal(`the time stamp is not ${isNamed ? 'signed by its' : 'of a trusted'} authority`);
}

interface Token {
  readonly info: {
    readonly der: Uint8Array;
    readonly imprintHash: string;
    readonly imprint: Uint8Array;
    readonly time: number;
  };
  readonly signer: Signer;
  /** Read when no trusted certificate will do. Refuses `certificate-time`. */
  readonly certificates: () => readonly ParsedCertificate[];
}

interface Signer {
  readonly issuer: Uint8Array;
  readonly serial: bigint;
  readonly hash: string;
  readonly algorithm: AlgorithmIdentifier;
  /** As SET OF, which is how they are signed (RFC 5652 §5.4). */
  readonly signedAttributes: Uint8Array;
  readonly messageDigest: Uint8Array;
  readonly signature: Uint8Array;
}

/** Certificates with the issuer and serial number the token names: of the trusted authorities, or its own. */
function* signersOf(
  { signer, certificates }: Token,
  authorities: readonly CertificateAuthority[],
): Iterable<ParsedCertificate> {
  const isSigner = ({ issuer, serial }: ParsedCertificate): boolean =>
    serial === signer.serial && sameBytes(issuer.der, signer.issuer);
  for (const { intermediates, anchors } of authorities) yield* [...intermediates, ...anchors].filter(isSigner);
  yield* certificates().filter(isSigner);
}

/** TimeStampResp or TimeStampToken: the response starts with a status, the token with an object identifier. */
function readToken(bytes: Uint8Array): Token {
  const outer = openDer(readDer(bytes, maximumBytes), 'time stamp');
  if (outer.peekedTag === derTags.objectIdentifier) return readContentInfo(readDer(bytes, maximumBytes));
  const status = openDer(outer.next(derTags.sequence, 'status'), 'status');
  const code = readDerInteger(status.next(), 'status');
  if (code !== 0n && code !== 1n) throw refusal('the time stamp authority refused the request');
  const token = outer.next(derTags.sequence, 'token');
  outer.finish();
  return readContentInfo(token);
}

function readContentInfo(element: DerElement): Token {
  const cursor = openDer(element, 'content info');
  expectOid(cursor.next(), signedDataOid, 'signed data');
  const signedData = openDer(unwrapDer(cursor.next(derContextTag(0, true)), 'content'), 'signed data');
  cursor.finish();
  signedData.next(derTags.integer, 'version');
  signedData.next(derTags.set, 'digest algorithms');
  const content = openDer(signedData.next(), 'encapsulated content');
  expectOid(content.next(), timeStampInfoOid, 'time stamp info');
  const der = readDerOctetString(unwrapDer(content.next(derContextTag(0, true)), 'content'), 'time stamp info');
  const certificateSet = signedData.optional(derContextTag(0, true));
  signedData.optional(derContextTag(1, true));
  const signers = openDer(signedData.next(derTags.set, 'signers'), 'signers', derTags.set);
  const signer = readSigner(signers.next());
  signers.finish();
  return {
    info: readInfo(der),
    signer,
    certificates: () => (certificateSet === undefined ? [] : readCertificates(certificateSet)),
  };
}

function readCertificates(set: DerElement): ParsedCertificate[] {
  return readOrRefuse('certificate-time', 'the time stamp', () => {
    const certificates: ParsedCertificate[] = [];
    for (const cursor = openDer(set, 'certificates', set.tag); !cursor.isAtEnd; ) {
      if (certificates.length === maximumCertificates) throw refusal('the time stamp has too many certificates');
      certificates.push(parseCertificate(cursor.next(derTags.sequence, 'certificate').bytes));
    }
    return certificates;
  });
}

/** TSTInfo (RFC 3161 §2.4.2); what follows the time is not needed. */
function readInfo(der: Uint8Array): Token['info'] {
  const cursor = openDer(readDer(der), 'time stamp info');
  cursor.next(derTags.integer, 'version');
  cursor.next(derTags.objectIdentifier, 'policy');
  const imprint = openDer(cursor.next(), 'message imprint');
  const imprintHash = hashOf(imprint.next(), 'message imprint');
  const hashed = readDerOctetString(imprint.next(), 'hashed message');
  cursor.next(derTags.integer, 'serial number');
  const time = readDerTime(cursor.next(derTags.generalizedTime, 'time'), 'time').getTime();
  return { der, imprintHash, imprint: hashed, time };
}

/** SignerInfo (RFC 5652 §5.3) with issuer and serial number, and signed attributes. */
function readSigner(element: DerElement): Signer {
  const cursor = openDer(element, 'signer');
  cursor.next(derTags.integer, 'version');
  const identifier = openDer(cursor.next(derTags.sequence, 'issuer and serial number'), 'signer identifier');
  const issuer = identifier.next().bytes;
  const serial = readDerInteger(identifier.next(), 'serial number');
  const digestAlgorithm = cursor.next();
  const hash = hashOf(digestAlgorithm, 'digest algorithm');
  const attributes = retagDer(cursor.next(derContextTag(0, true), 'signed attributes'), derTags.set);
  const algorithm = completeAlgorithm(readAlgorithmIdentifier(cursor.next()), hash);
  const signature = readDerOctetString(cursor.next(), 'signature');
  return {
    issuer,
    serial,
    hash,
    algorithm,
    signedAttributes: attributes.bytes,
    messageDigest: digestIn(attributes),
    signature,
  };
}

/** The message digest among the signed attributes; the content type must be a time stamp's. */
function digestIn(attributes: DerElement): Uint8Array {
  let digest: Uint8Array | undefined;
  let isTimeStamp = false;
  for (const cursor = openDer(attributes, 'signed attributes', derTags.set); !cursor.isAtEnd; ) {
    const attribute = openDer(cursor.next(), 'signed attribute');
    const oid = readDerObjectIdentifier(attribute.next());
    const values = attribute.next(derTags.set, 'values');
    if (oid === messageDigestOid) {
      if (digest !== undefined) throw refusal('the time stamp has two message digests');
      digest = readDerOctetString(unwrapDer(values, 'message digest'), 'message digest');
    } else if (oid === contentTypeOid) {
      isTimeStamp = readDerObjectIdentifier(unwrapDer(values, 'content type')) === timeStampInfoOid;
    }
  }
  if (digest === undefined || !isTimeStamp) throw refusal('the time stamp does not sign its content');
  return digest;
}

const rsaEncryption = '1.2.840.113549.1.1.1';
const ecPublicKey = '1.2.840.10045.2.1';
const combined: ReadonlyMap<string, string> = new Map([
  [`${rsaEncryption} sha256`, signatureOids.rsaWithSha256],
  [`${rsaEncryption} sha384`, signatureOids.rsaWithSha384],
  [`${rsaEncryption} sha512`, signatureOids.rsaWithSha512],
  [`${ecPublicKey} sha256`, signatureOids.ecdsaWithSha256],
  [`${ecPublicKey} sha384`, signatureOids.ecdsaWithSha384],
  [`${ecPublicKey} sha512`, signatureOids.ecdsaWithSha512],
]);

/** CMS signers often name the kind of key alone and leave the hash to the digest algorithm (RFC 3370 §3.2). */
function completeAlgorithm(algorithm: AlgorithmIdentifier, hash: string): AlgorithmIdentifier {
  const oid = combined.get(`${algorithm.oid} ${hash}`);
  if (oid === undefined) return algorithm;
  return readAlgorithmIdentifier(readDer(derSequence(derObjectIdentifier(oid))));
}

function hashOf(element: DerElement, what: string): string {
  const { oid } = readAlgorithmIdentifier(element, what);
  const name = hashNamesByOid.get(oid);
  if (name === undefined) throw refusal(`the time stamp uses an unknown hash ${oid}`);
  return name;
}

function expectOid(element: DerElement, oid: string, what: string): void {
  if (readDerObjectIdentifier(element) !== oid) throw refusal(`the time stamp is no ${what}`);
}

function refusal(message: string): Refusal {
  return new Refusal('certificate-time', message);
}
