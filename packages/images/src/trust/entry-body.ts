import { createHash } from 'node:crypto';
import { isJsonArray, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { attemptPki, parseCertificate, splitPem } from '@vouchsafe/kube/pki';
import { decodeBase64, decodeHex, parseJsonObject, sameBytes } from './encoded-text.ts';
import { Refusal } from './refusal.ts';

/** What a log entry must be about. */
export interface LoggedSignature {
  readonly signature: Uint8Array;
  /** The bytes the signature is over: the payload, or the pre-authentication encoding of a DSSE envelope. */
  readonly signedBytes: Uint8Array;
  /** Of DSSE: the payload alone. */
  readonly payload: Uint8Array | undefined;
  /** Of DSSE: the envelope as stored, where it is at hand. */
  readonly envelope: Uint8Array | undefined;
  /** Who must be named as signer: a certificate byte by byte, or a public key whatever wraps it. */
  readonly verifier: { readonly certificate: Uint8Array } | { readonly spki: Uint8Array };
}

/**
 * Requires that an entry's body binds the digest, the signature and the key or certificate. Entry kinds of Rekor v1
 * (hashedrekord, rekord, dsse, intoto) and v2 (hashedrekord and dsse 0.0.2). `document` is the body where it was read already.
 * Refuses `no-log-entry`.
 */
export function checkEntryBody(body: Uint8Array, wanted: LoggedSignature, document?: JsonObject): void {
  const entry = document ?? parseJsonObject(body);
  if (entry === undefined) throw refusal('the body of the log entry is not JSON');
  const kind = `${text(member(entry, 'kind'))}/${text(member(entry, 'apiVersion'))}`;
  const check = checks.get(kind);
  if (check === undefined) throw refusal(`log entries of kind \`${kind.slice(0, 80)}\` are not known`);
  check(member(entry, 'spec'), wanted);
}

type BodyCheck = (spec: Json | undefined, wanted: LoggedSignature) => void;

const checks: ReadonlyMap<string, BodyCheck> = new Map<string, BodyCheck>([
  ['hashedrekord/0.0.1', checkHashedRecord],
  ['rekord/0.0.1', checkHashedRecord],
  ['hashedrekord/0.0.2', checkHashedRecordV2],
  ['dsse/0.0.1', checkEnvelope],
  ['dsse/0.0.2', checkEnvelopeV2],
  ['intoto/0.0.1', checkStatementV1],
  ['intoto/0.0.2', checkStatementV2],
]);

function checkHashedRecord(spec: Json | undefined, wanted: LoggedSignature): void {
  checkHexHash(memberAt(spec, 'data', 'hash'), wanted.signedBytes);
  checkSignature(decodeBase64(memberAt(spec, 'signature', 'content')), wanted);
  checkVerifier(decodePem(memberAt(spec, 'signature', 'publicKey', 'content')), wanted);
}

const hashNamesOfV2: ReadonlyMap<string, string> = new Map([
  ['SHA2_256', 'sha256'],
  ['SHA2_384', 'sha384'],
  ['SHA2_512', 'sha512'],
]);

function checkHashedRecordV2(spec: Json | undefined, wanted: LoggedSignature): void {
  const record = memberAt(spec, 'hashedRekordV002');
  const hash = hashNamesOfV2.get(text(memberAt(record, 'data', 'algorithm')));
  checkHash(hash, decodeBase64(memberAt(record, 'data', 'digest')), wanted.signedBytes);
  checkSignature(decodeBase64(memberAt(record, 'signature', 'content')), wanted);
  checkVerifier(verifierOfV2(memberAt(record, 'signature', 'verifier')), wanted);
}

function checkEnvelope(spec: Json | undefined, wanted: LoggedSignature): void {
  checkHexHash(memberAt(spec, 'payloadHash'), payloadOf(wanted));
  checkOneOf(memberAt(spec, 'signatures'), wanted, (item) => ({
    signature: decodeBase64(member(item, 'signature')),
    verifier: decodePem(member(item, 'verifier')),
  }));
}

function checkEnvelopeV2(spec: Json | undefined, wanted: LoggedSignature): void {
  const envelope = memberAt(spec, 'dsseV002');
  const hash = hashNamesOfV2.get(text(memberAt(envelope, 'payloadHash', 'algorithm')));
  checkHash(hash, decodeBase64(memberAt(envelope, 'payloadHash', 'digest')), payloadOf(wanted));
  checkOneOf(memberAt(envelope, 'signatures'), wanted, (item) => ({
    signature: decodeBase64(member(item, 'content')),
    verifier: verifierOfV2(member(item, 'verifier')),
  }));
}

/** Names the whole stored envelope by hash, which holds the signature. */
function checkStatementV1(spec: Json | undefined, wanted: LoggedSignature): void {
  if (wanted.envelope === undefined) throw refusal('the log entry is of an envelope that is not at hand');
  checkHexHash(memberAt(spec, 'content', 'hash'), wanted.envelope);
  if (memberAt(spec, 'content', 'payloadHash') !== undefined) {
    checkHexHash(memberAt(spec, 'content', 'payloadHash'), payloadOf(wanted));
  }
  checkVerifier(decodePem(memberAt(spec, 'publicKey')), wanted);
}

/** Its signatures are encoded twice. */
function checkStatementV2(spec: Json | undefined, wanted: LoggedSignature): void {
  checkHexHash(memberAt(spec, 'content', 'payloadHash'), payloadOf(wanted));
  checkOneOf(memberAt(spec, 'content', 'envelope', 'signatures'), wanted, (item) => ({
    signature: decodeBase64(decodeBase64(member(item, 'sig'))?.toString('latin1')),
    verifier: decodePem(member(item, 'publicKey')),
  }));
}

interface NamedSignature {
  readonly signature: Buffer | undefined;
  readonly verifier: Buffer | undefined;
}

function checkOneOf(list: Json | undefined, wanted: LoggedSignature, read: (item: JsonObject) => NamedSignature): void {
  const named = isJsonArray(list) ? list.slice(0, 20) : [];
  const found = named.map((item) => {
    // Anything but an object has no members to read.
    const { signature, verifier } = read(typeof item === 'object' && item !== null ? (item as JsonObject) : {});
    return { isSignature: isSame(signature, wanted.signature), isVerifier: isVerifier(verifier, wanted) };
  });
  if (!found.some(({ isSignature }) => isSignature)) throw otherSignature();
  if (!found.some(({ isSignature, isVerifier }) => isSignature && isVerifier)) throw otherVerifier();
}

function checkHexHash(hash: Json | undefined, data: Uint8Array): void {
  checkHash(text(memberAt(hash, 'algorithm')), decodeHex(memberAt(hash, 'value')), data);
}

function checkHash(algorithm: string | undefined, digest: Buffer | undefined, data: Uint8Array): void {
  if (algorithm !== 'sha256' && algorithm !== 'sha384' && algorithm !== 'sha512') {
    throw refusal('the log entry names no known hash');
  }
  const actual = createHash(algorithm).update(data).digest();
  if (digest === undefined || !sameBytes(digest, actual)) throw refusal('the log entry is about other content');
}

function checkSignature(found: Buffer | undefined, wanted: LoggedSignature): void {
  if (!isSame(found, wanted.signature)) throw otherSignature();
}

function checkVerifier(found: Buffer | undefined, wanted: LoggedSignature): void {
  if (!isVerifier(found, wanted)) throw otherVerifier();
}

function isVerifier(found: Buffer | undefined, { verifier }: LoggedSignature): boolean {
  if (found === undefined) return false;
  if ('certificate' in verifier) return sameBytes(found, verifier.certificate);
  if (sameBytes(found, verifier.spki)) return true;
  const certificate = attemptPki(() => parseCertificate(found));
  return certificate.ok && sameBytes(certificate.value.spki, verifier.spki);
}

function verifierOfV2(verifier: Json | undefined): Buffer | undefined {
  const certificate = decodeBase64(memberAt(verifier, 'x509Certificate', 'rawBytes'));
  return certificate ?? decodeBase64(memberAt(verifier, 'publicKey', 'rawBytes'));
}

/** DER of the first block of a base64-encoded PEM. */
function decodePem(value: Json | undefined): Buffer | undefined {
  const pem = decodeBase64(value);
  if (pem === undefined) return undefined;
  const blocks = attemptPki(() => splitPem(pem.toString('latin1'), 10));
  const first = blocks.ok ? blocks.value[0] : undefined;
  return first === undefined ? undefined : Buffer.from(first.der);
}

function isSame(found: Buffer | undefined, wanted: Uint8Array): boolean {
  return found !== undefined && found.length > 0 && sameBytes(found, wanted);
}

function payloadOf({ payload }: LoggedSignature): Uint8Array {
  if (payload === undefined) throw refusal('the log entry is of an envelope, the signature is not');
  return payload;
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function otherSignature(): Refusal {
  return refusal('the log entry is about another signature');
}

function otherVerifier(): Refusal {
  return refusal('the log entry names another key or certificate as signer');
}

function refusal(message: string): Refusal {
  return new Refusal('no-log-entry', message);
}
