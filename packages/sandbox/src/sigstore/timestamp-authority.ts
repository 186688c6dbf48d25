import { createHash, randomBytes, sign } from 'node:crypto';
import {
  type DerElement,
  derBoolean,
  derContext,
  derGeneralizedTime,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSetOf,
  derTags,
  derTime,
  openDer,
  parseCertificate,
  readDer,
  readDerBoolean,
} from '@vouchsafe/kube/pki';
import type { Authorities } from './authorities.ts';

/** What is to be stamped: the DER of a MessageImprint, and what the client asked for besides. */
export interface TimestampRequest {
  messageImprint: Uint8Array;
  /** DER INTEGER. */
  nonce?: Uint8Array;
  includeCertificate: boolean;
}

const SHA256 = '2.16.840.1.101.3.4.2.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_TIME = '1.2.840.113549.1.9.5';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
/** The policy Sigstore's timestamp authority stamps under. */
const POLICY = '1.3.6.1.4.1.57264.2';
const HASH_OIDS: Readonly<Record<string, string>> = {
  sha256: SHA256,
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

/** MessageImprint over data (RFC 3161 §2.4.1). */
export function imprintOf(data: Uint8Array, hash: 'sha256' | 'sha384' | 'sha512' = 'sha256'): Uint8Array {
  return encodeImprint(hash, createHash(hash).update(data).digest());
}

/** MessageImprint from a hash already made; throws on an unknown hash name. */
export function encodeImprint(hash: string, digest: Uint8Array): Uint8Array {
  const oid = Object.hasOwn(HASH_OIDS, hash) ? HASH_OIDS[hash] : undefined;
  if (oid === undefined) throw new Error(`no such hash: \`${hash}\``);
  return derSequence(derSequence(derObjectIdentifier(oid)), derOctetString(digest));
}

/** Reads a TimeStampReq (RFC 3161 §2.4.1). Throws PkiError when it is not one. */
export function readTimestampRequest(der: Uint8Array): TimestampRequest {
  const cursor = openDer(readDer(der, 64 * 1024), 'timestamp request');
  cursor.next(derTags.integer, 'version');
  const messageImprint = cursor.next(derTags.sequence, 'message imprint').bytes;
  let nonce: DerElement | undefined;
  let includeCertificate = false;
  while (!cursor.isAtEnd) {
    const element = cursor.next();
    if (element.tag === derTags.integer) nonce = element;
    if (element.tag === derTags.boolean) includeCertificate = readDerBoolean(element);
  }
  return { messageImprint, includeCertificate, ...(nonce === undefined ? {} : { nonce: nonce.bytes }) };
}

/** A TimeStampResp that grants the request (RFC 3161 §2.4.2): a CMS signature over TSTInfo with ESSCertIDv2. */
export function createTimestamp(authorities: Authorities, request: TimestampRequest, at: Date): Uint8Array {
  const signer = parseCertificate(authorities.timestampSigner.certificatePem);
  const info = derSequence(
    derInteger(1),
    derObjectIdentifier(POLICY),
    request.messageImprint,
    derInteger(BigInt(`0x${randomBytes(16).toString('hex')}`)),
    derGeneralizedTime(at),
    derSequence(derInteger(1)),
    ...(request.nonce === undefined ? [] : [request.nonce]),
    derContext(0, derContext(4, signer.subject.der)),
  );
  const attribute = (oid: string, value: Uint8Array) => derSequence(derObjectIdentifier(oid), derSetOf(value));
  const attributes = derSetOf(
    attribute(CONTENT_TYPE, derObjectIdentifier(TST_INFO)),
    attribute(SIGNING_TIME, derTime(at)),
    attribute(MESSAGE_DIGEST, derOctetString(sha256(info))),
    attribute(SIGNING_CERTIFICATE_V2, derSequence(derSequence(derSequence(derOctetString(sha256(signer.der)))))),
  );
  const signature = sign('sha256', attributes, authorities.timestampSigner.privateKey);
  const signerInfo = derSequence(
    derInteger(1),
    derSequence(signer.issuer.der, derInteger(signer.serial)),
    sha256Algorithm(),
    // SignedAttributes are signed as a SET and carried under [0] IMPLICIT (RFC 5652 §5.4).
    derContext(0, readDer(attributes).content),
    derSequence(derObjectIdentifier(ECDSA_SHA256)),
    derOctetString(signature),
  );
  const signedData = derSequence(
    derInteger(3),
    derSetOf(sha256Algorithm()),
    derSequence(derObjectIdentifier(TST_INFO), derContext(0, derOctetString(info))),
    ...(request.includeCertificate ? [derContext(0, signer.der)] : []),
    derSetOf(signerInfo),
  );
  const token = derSequence(derObjectIdentifier(SIGNED_DATA), derContext(0, signedData));
  return derSequence(derSequence(derInteger(0)), token);
}

/** The request a client sends; used by tests and by the built-in signer's callers over HTTP. */
export function writeTimestampRequest(request: TimestampRequest): Uint8Array {
  return derSequence(
    derInteger(1),
    request.messageImprint,
    ...(request.nonce === undefined ? [] : [request.nonce]),
    ...(request.includeCertificate ? [derBoolean(true)] : []),
  );
}

function sha256Algorithm(): Uint8Array {
  return derSequence(derObjectIdentifier(SHA256));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
