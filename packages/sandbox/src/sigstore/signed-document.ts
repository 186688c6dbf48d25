import type { SignatureDefects } from './signature-defects.ts';
import { type SignatureHash, type SignerKey, signBytes } from './signer-key.ts';

export const INTOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const COSIGN_SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
const SIMPLE_SIGNING_TYPE = 'cosign container image signature';

/** The image a document is about. */
export interface SignedSubject {
  /** `127.0.0.1:PORT/repository`. */
  name: string;
  digest: string;
}

export interface Attestation {
  predicateType: string;
  predicate: unknown;
}

/** What a statement says about its subject. */
interface StatementContent {
  format: 'legacy' | 'bundle';
  attestation?: Attestation;
  annotations?: Readonly<Record<string, string>>;
}

/** Bytes with their signature. For DSSE, `signed` is the pre-authentication encoding and `envelope` what is stored. */
export interface SignedDocument {
  /** What is stored for `simple` documents, and the statement for DSSE. */
  payload: Buffer;
  signed: Buffer;
  signature: Buffer;
  /** Base64, or what the defects put in its place. */
  signatureText: string;
  envelope?: DsseEnvelope;
  envelopeText?: string;
}

export interface DsseEnvelope {
  payload: string;
  payloadType: string;
  signatures: { sig: string; keyid?: string }[];
}

/** The payload of a legacy signature (containers "simple signing" as cosign writes it), signed. */
export function signSimple(
  signer: SignerKey,
  subject: SignedSubject,
  annotations: Readonly<Record<string, string>> | undefined,
  hash: SignatureHash,
  defects: SignatureDefects,
): SignedDocument {
  const write = (digest: string) =>
    Buffer.from(
      JSON.stringify({
        critical: {
          identity: { 'docker-reference': subject.name },
          image: { 'docker-manifest-digest': digest },
          type: defects.documentType ?? SIMPLE_SIGNING_TYPE,
        },
        optional: annotations ?? null,
      }),
    );
  const payload = write(defects.signedDigest ?? subject.digest);
  const signed = defects.document === 'changed-after-signing' ? write(OTHER_DIGEST) : payload;
  const signature = signBytes(signer, signed, hash, defects.signature);
  return { payload, signed, signature, signatureText: textOf(signature, defects) };
}

/** An in-toto statement in a signed DSSE envelope; cosign's own sign predicate when no attestation is given. */
export function signStatement(
  signer: SignerKey,
  subject: SignedSubject,
  content: StatementContent,
  hash: SignatureHash,
  defects: SignatureDefects,
): SignedDocument {
  const payloadType = defects.payloadType ?? INTOTO_PAYLOAD_TYPE;
  const write = (digest: string) => Buffer.from(JSON.stringify(statementOf(subject.name, digest, content, defects)));
  const payload = write(defects.signedDigest ?? subject.digest);
  const signedPayload = defects.document === 'changed-after-signing' ? write(OTHER_DIGEST) : payload;
  const signed = preAuthenticationEncoding(payloadType, signedPayload);
  const signature = signBytes(signer, signed, hash, defects.signature);
  const signatureText = textOf(signature, defects);
  const envelope = envelopeOf(content.format, payloadType, payload, signatureText, defects.signatureCount ?? 1);
  return { payload, signed, signature, signatureText, envelope, envelopeText: JSON.stringify(envelope) };
}

/** DSSE protocol, "Signature Definition": PAE. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const typeLength = Buffer.byteLength(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${typeLength} ${payloadType} ${payload.length} `), payload]);
}

const OTHER_DIGEST = `sha256:${'0'.repeat(64)}`;

/** The two versions order and name the members differently; neither order matters to a verifier. */
function envelopeOf(
  format: 'legacy' | 'bundle',
  payloadType: string,
  payload: Buffer,
  sig: string,
  count: number,
): DsseEnvelope {
  const encoded = payload.toString('base64');
  const repeat = <One>(one: One): One[] => Array.from({ length: count }, () => one);
  return format === 'legacy'
    ? { payloadType, payload: encoded, signatures: repeat({ keyid: '', sig }) }
    : { payload: encoded, payloadType, signatures: repeat({ sig }) };
}

/** cosign 3 signs with statement v1 and no subject name, and attests, like cosign 2, with statement v0.1. */
function statementOf(name: string, digest: string, content: StatementContent, defects: SignatureDefects): unknown {
  const sha256 = digest.slice('sha256:'.length);
  const { attestation, annotations = {}, format } = content;
  if (attestation === undefined) {
    return {
      _type: defects.documentType ?? 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256 }, annotations }],
      predicateType: COSIGN_SIGN_PREDICATE,
      predicate: {},
    };
  }
  const _type = defects.documentType ?? 'https://in-toto.io/Statement/v0.1';
  const subject = [{ name, digest: { sha256 } }];
  const { predicateType, predicate } = attestation;
  return format === 'legacy'
    ? { _type, predicateType, subject, predicate }
    : { _type, subject, predicateType, predicate };
}

function textOf(signature: Buffer, defects: SignatureDefects): string {
  return defects.signature === 'not-base64' ? '!this is not base64!' : signature.toString('base64');
}
