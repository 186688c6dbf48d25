import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { type ParsedCertificate, parseCertificate } from '@vouchsafe/kube/pki';
import { type DsseEnvelope, readDsseEnvelope } from '../../trust/dsse-envelope.ts';
import { decodeBase64, parseJsonObject, sameBytes } from '../../trust/encoded-text.ts';
import { Refusal, readOrRefuse } from '../../trust/refusal.ts';
import type { LogDemands, LogEntry } from '../../trust/transparency-log.ts';
import { readLogEntries } from './bundle-log-entries.ts';

/** A Sigstore bundle (dev.sigstore.bundle.v1.Bundle in protojson), versions 0.1 to 0.3. Nothing of it is verified. */
export interface Bundle {
  readonly certificate: ParsedCertificate | undefined;
  /** What the bundle names a bare key by; never used to find one. */
  readonly keyHint: string | undefined;
  /** Certificates between the signer's and an authority. */
  readonly chain: readonly ParsedCertificate[];
  readonly entries: readonly LogEntry[];
  readonly logDemands: LogDemands;
  readonly timeStamps: readonly Buffer[];
  readonly content: MessageSignature | SignedEnvelope;
}

interface MessageSignature {
  readonly kind: 'message';
  readonly signature: Buffer;
  /** A hint of what was signed: algorithm in the words of protobuf-specs, and digest. */
  readonly digest: { readonly algorithm: string; readonly bytes: Buffer } | undefined;
}

interface SignedEnvelope {
  readonly kind: 'dsse';
  readonly envelope: DsseEnvelope;
  readonly signature: Buffer;
}

export const bundleMediaType = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json;version=0\.[123])$/;
const maximumChain = 10;
const maximumTimeStamps = 10;

/** Reads a bundle. Refuses `bad-signature`, or the reason of the part that is malformed. */
export function readBundle(bytes: string | Uint8Array): Bundle {
  const document = parseJsonObject(bytes);
  if (document === undefined) throw malformed('it is not a JSON object');
  const version = versionOf(document);
  const material = member(document, 'verificationMaterial');
  if (!isJsonObject(material)) throw malformed('it has no verification material');
  const certificates = readCertificates(material, version);
  const hint = memberAt(material, 'publicKey', 'hint');
  return {
    certificate: certificates?.[0],
    keyHint: typeof hint === 'string' ? hint : undefined,
    chain: certificates?.slice(1) ?? [],
    entries: readLogEntries(member(material, 'tlogEntries')),
    // Version 0.1 was before inclusion proofs could be demanded.
    logDemands: { promise: version === 1, proof: version > 1 },
    timeStamps: readTimeStamps(memberAt(material, 'timestampVerificationData', 'rfc3161Timestamps')),
    content: readContent(document),
  };
}

/** The minor version. */
function versionOf(document: JsonObject): number {
  const mediaType = member(document, 'mediaType');
  if (typeof mediaType !== 'string' || !bundleMediaType.test(mediaType)) throw malformed('its media type is unknown');
  return Number(/0\.(\d)/.exec(mediaType)?.[1]);
}

/** Undefined when the material is a public key, which is only named by a hint. */
function readCertificates(material: JsonObject, version: number): ParsedCertificate[] | undefined {
  const single = member(material, 'certificate');
  const chain = member(material, 'x509CertificateChain');
  const key = member(material, 'publicKey');
  if ([single, chain, key].filter((one) => one !== undefined).length > 1) throw malformed('it names several signers');
  if (single !== undefined) return [readCertificate(single)];
  if (chain === undefined) return undefined;
  if (version > 2) throw new Refusal('certificate-chain', 'a bundle of this version may not hold a chain');
  const list = memberAt(chain, 'certificates');
  if (!isJsonArray(list) || list.length === 0 || list.length > maximumChain) {
    throw new Refusal('certificate-chain', 'the certificate chain of the bundle is empty or too long');
  }
  const certificates = list.map(readCertificate);
  const root = certificates.find(({ subject, issuer }) => sameBytes(subject.der, issuer.der));
  if (root !== undefined) {
    throw new Refusal('certificate-chain', 'the bundle brings a root certificate: roots come from the trust root only');
  }
  return certificates;
}

function readCertificate(value: Json): ParsedCertificate {
  const bytes = decodeBase64(memberAt(value, 'rawBytes'));
  if (bytes === undefined) throw new Refusal('certificate-chain', 'the certificate of the bundle is not base64');
  return readOrRefuse('certificate-chain', 'the certificate', () => parseCertificate(bytes));
}

function readTimeStamps(list: Json | undefined): Buffer[] {
  if (list === undefined) return [];
  if (!isJsonArray(list) || list.length > maximumTimeStamps) throw malformed('its time stamps cannot be read');
  return list.map((item) => {
    const token = decodeBase64(memberAt(item, 'signedTimestamp'));
    if (token === undefined || token.length === 0) throw malformed('a time stamp is not base64');
    return token;
  });
}

function readContent(document: JsonObject): Bundle['content'] {
  const message = member(document, 'messageSignature');
  const dsse = member(document, 'dsseEnvelope');
  if ((message === undefined) === (dsse === undefined)) throw malformed('it must hold one signature');
  if (dsse !== undefined) {
    const envelope = readDsseEnvelope(dsse);
    const [signature, ...more] = envelope.signatures;
    if (signature === undefined || more.length > 0) throw malformed('its envelope must have one signature');
    return { kind: 'dsse', envelope, signature };
  }
  const signature = decodeBase64(memberAt(message, 'signature'));
  if (signature === undefined || signature.length === 0) throw malformed('its signature is not base64');
  const hint = memberAt(message, 'messageDigest');
  if (hint === undefined) return { kind: 'message', signature, digest: undefined };
  const algorithm = memberAt(hint, 'algorithm');
  const bytes = decodeBase64(memberAt(hint, 'digest'));
  if (typeof algorithm !== 'string' || bytes === undefined) throw malformed('its message digest cannot be read');
  return { kind: 'message', signature, digest: { algorithm, bytes } };
}

function malformed(why: string): Refusal {
  return new Refusal('bad-signature', `the bundle is malformed: ${why}`);
}
