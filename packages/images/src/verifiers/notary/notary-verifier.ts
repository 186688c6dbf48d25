import { createHash } from 'node:crypto';
import { type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { type Descriptor, type Manifest, readDescriptors } from '../../registry/manifest.ts';
import { parseJsonObject } from '../../trust/encoded-text.ts';
import { type Attempt, attempt } from '../../trust/refusal.ts';
import type { ResolvedAttestor } from '../../trust/resolved-attestor.ts';
import type { Vouched } from '../../trust/vouch.ts';
import { fetchBlobs, fetchManifests } from '../evidence-blobs.ts';
import { broughtCertificates, type EvidenceClaims, unreadable } from '../evidence-claims.ts';
import { keepReading, keptBytes } from '../keep-reading.ts';
import type { EvidenceQuestion, EvidenceSet, PieceVerdict, Verifier } from '../verifier.ts';
import { coseMediaType, readCoseEnvelope } from './cose-envelope.ts';
import { judgeEnvelope, type ReadEnvelope, readEnvelope } from './judge-envelope.ts';
import { jwsMediaType, readJwsEnvelope } from './jws-envelope.ts';
import { malformedEnvelope } from './notary-envelope.ts';

const signatureType = 'application/vnd.cncf.notary.signature';
/**
 * Notary Project signatures (JWS and COSE) as referrers of the image. Attestations are, as in Kyverno, other referrers
 * with one JSON layer, each with Notary signatures of its own; their artifact type is the type of the attestation.
 */
export const notaryVerifier: Verifier = {
  type: 'Notary',
  async collect(question) {
    const { digest, part } = question;
    if (part === 'signatures') {
      const signatures = await findSignatures(question, digest);
      return createEvidence(
        question,
        signatures.map((signature) => ({ signature, about: digest, type: '', bytes: 0, document: () => ({}) })),
      );
    }
    const signed: (Attestation & { readonly signatures: readonly Signature[] })[] = [];
    for (const attestation of await findAttestations(question)) {
      const { manifest } = attestation;
      const signatures = await findSignatures(question, manifest.digest, manifest);
      if (signatures.length > 0) signed.push({ ...attestation, signatures });
    }
    const layers = signed.map(({ layer }) => layer);
    const blobs = await fetchBlobs(layers, question);
    const pieces = signed.flatMap(({ manifest, layer, signatures }): Piece[] => {
      const blob = blobs.get(layer.digest) ?? new Uint8Array();
      const document = keepReading(blob, () => toStatement(manifest, blob));
      const type = artifactTypeOf(manifest) ?? '';
      const bytes = manifest.size + blob.length;
      return signatures.map((signature) => ({ signature, about: manifest.digest, type, bytes, document }));
    });
    return createEvidence(question, pieces);
  },
};

/** A signature of the image or of an attestation about it. */
interface Signature {
  readonly evidence: string;
  readonly bytes: number;
  readonly read: Attempt<ReadEnvelope>;
}

interface Piece {
  readonly signature: Signature;
  /** Digest of what is signed: the image or the attestation. */
  readonly about: string;
  /** Of the attestation: its artifact type and length. */
  readonly type: string;
  readonly bytes: number;
  readonly document: () => JsonObject;
}

function createEvidence({ digest, part }: EvidenceQuestion, pieces: readonly Piece[]): EvidenceSet {
  const names = pieces.map(({ signature, about }) => [signature.evidence, about, signature.read.ok]);
  return {
    hash: createHash('sha256')
      .update(JSON.stringify(['notary', part, digest, names]))
      .digest('hex'),
    count: pieces.length,
    bytes: pieces.reduce((sum, { signature, bytes }) => sum + keptBytes(signature.bytes) + keptBytes(bytes), 4096),
    *judge(attestor, now, type) {
      for (const piece of pieces) {
        if (type === undefined || piece.type === type) yield judgePiece(piece, attestor, now);
      }
    },
    list: () => pieces.map(listPiece),
  };
}

function judgePiece({ signature, document }: Piece, attestor: ResolvedAttestor, now: number): PieceVerdict {
  const { evidence, read } = signature;
  const verdict: Attempt<Vouched> = read.ok ? attempt(() => judgeEnvelope(read.value, attestor, now)) : read;
  if (!verdict.ok) return { ok: false, failure: { ...verdict.failure, evidence } };
  return { ok: true, evidence, vouched: verdict.value, document: document() };
}

function listPiece({ signature, document }: Piece): EvidenceClaims {
  const { evidence, read } = signature;
  if (!read.ok) return unreadable(evidence, read.failure);
  const { certificates, envelope } = read.value;
  const type = member(document(), 'predicateType');
  return {
    evidence,
    subjects: [certificates[0].subject.text],
    certificates: broughtCertificates(certificates[0], () => certificates.slice(1)),
    ...(typeof type === 'string' ? { predicateType: type } : {}),
    isTimeStamped: envelope.timeStamp !== undefined,
  };
}

/** The signatures of one artifact: referrers whose manifest says so, one layer each. */
async function findSignatures(question: EvidenceQuestion, digest: string, known?: Manifest): Promise<Signature[]> {
  const { reader, signal } = question;
  const referrers = (await reader.referrers(digest, signal)).filter((referrer) => isPossibly(referrer, signatureType));
  const layers: Descriptor[] = [];
  for (const manifest of await openReferrers(question, referrers, digest)) {
    if (artifactTypeOf(manifest) !== signatureType) continue;
    const [layer, ...more] = readDescriptors(manifest, 'layers');
    if (layer !== undefined && more.length === 0) layers.push(layer);
  }
  const blobs = await fetchBlobs(layers, question);
  // Signatures may be kept where the image is not; then the digest alone tells what is signed.
  const artifact = known ?? (layers.length === 0 ? undefined : await reader.manifest(digest, signal));
  return layers.map((layer) => readSignature(layer, blobs.get(layer.digest) ?? new Uint8Array(), digest, artifact));
}

function readSignature(layer: Descriptor, bytes: Uint8Array, digest: string, artifact?: Manifest): Signature {
  const read = attempt(() => {
    if (layer.mediaType === jwsMediaType) return readEnvelope(readJwsEnvelope(bytes), digest, artifact);
    if (layer.mediaType === coseMediaType) return readEnvelope(readCoseEnvelope(bytes), digest, artifact);
    throw malformedEnvelope('its media type is unknown');
  });
  return { evidence: layer.digest, bytes: bytes.length, read };
}

/** A referrer that may be an attestation. */
interface Attestation {
  readonly manifest: Manifest;
  readonly layer: Descriptor;
}

async function findAttestations(question: EvidenceQuestion): Promise<readonly Attestation[]> {
  const { reader, digest, signal, limits } = question;
  const found: Attestation[] = [];
  const referrers = (await reader.referrers(digest, signal)).filter(
    ({ artifactType }) => artifactType !== signatureType,
  );
  for (const manifest of await openReferrers(question, referrers, digest)) {
    if ([undefined, signatureType].includes(artifactTypeOf(manifest))) continue;
    const [layer, ...more] = readDescriptors(manifest, 'layers');
    if (layer !== undefined && more.length === 0 && layer.size <= limits.blobBytes) found.push({ manifest, layer });
  }
  return found;
}

/** Kyverno's statement: the manifest, its artifact type as `type`, and the layer's JSON as `predicate`. */
function toStatement(manifest: Manifest, blob: Uint8Array): JsonObject {
  const type = artifactTypeOf(manifest) ?? '';
  return { ...manifest.document, predicateType: type, predicate: parseJsonObject(blob) ?? null };
}

/** The manifests of referrers that refer to `subject` by their own word, too. */
async function openReferrers(
  { reader, signal }: EvidenceQuestion,
  referrers: readonly Descriptor[],
  subject: string,
): Promise<readonly Manifest[]> {
  const manifests = await fetchManifests(referrers, reader, signal);
  return manifests.filter(({ document }) => memberAt(document, 'subject', 'digest') === subject);
}

function artifactTypeOf({ document }: Manifest): string | undefined {
  const own = member(document, 'artifactType');
  if (typeof own === 'string' && own !== '') return own;
  const configured = memberAt(document, 'config', 'mediaType');
  return typeof configured === 'string' ? configured : undefined;
}

/** Indexes name types wrongly or not at all; only a clear other type spares a request. */
function isPossibly({ artifactType }: Descriptor, type: string): boolean {
  return artifactType === undefined || artifactType === type || artifactType.startsWith('application/vnd.oci.');
}
