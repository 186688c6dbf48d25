import { createHash } from 'node:crypto';
import { isJsonArray, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { type Descriptor, readDescriptors } from '../../registry/manifest.ts';
import { predicateTypeOf, readStatement } from '../../trust/in-toto-statement.ts';
import { type Attempt, attempt, Refusal, shown } from '../../trust/refusal.ts';
import { checkSignedMaterial } from '../../trust/vouch.ts';
import { checkAnnotations } from '../../trust/wanted-annotations.ts';
import { createPauses } from '../create-pauses.ts';
import { fetchBlobs, fetchManifests } from '../evidence-blobs.ts';
import { claimsOf, type EvidenceClaims, unreadable } from '../evidence-claims.ts';
import { keepReading, keptBytes } from '../keep-reading.ts';
import type { EvidencePart, EvidenceQuestion, EvidenceSet, PieceVerdict, Verifier } from '../verifier.ts';
import { type Bundle, bundleMediaType, readBundle } from './bundle.ts';
import { materialOf } from './bundle-material.ts';

/** What cosign 3 signs images with. Other predicates are attestations, and no signatures. */
const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle/;

/** Sigstore bundles as referrers of the image: cosign 3, GitHub attestations, sigstore-js. */
export const sigstoreBundleVerifier: Verifier = {
  type: 'SigstoreBundle',
  async collect(question) {
    const { digest, part, acceptsAnyStatement } = question;
    const layers = await findLayers(question);
    const blobs = await fetchBlobs(layers, question);
    const pieces: Piece[] = [];
    let attested: string | undefined;
    const pause = createPauses();
    for (const layer of layers) {
      await pause();
      const piece = readPiece(layer.digest, blobs.get(layer.digest) ?? new Uint8Array(), digest);
      if (acceptsAnyStatement || isOfPart(piece, part)) pieces.push(piece);
      else attested ??= piece.predicateType;
    }
    const names = layers.map((layer) => layer.digest);
    return {
      hash: createHash('sha256')
        .update(JSON.stringify(['bundle', part, digest, names]))
        .digest('hex'),
      count: pieces.length,
      bytes: layers.reduce((sum, { size }) => sum + keptBytes(size), 4096),
      aside: attested === undefined ? undefined : `an attestation (${shown(attested)}) alone is no signature`,
      *judge(attestor, now, type) {
        for (const piece of pieces) {
          if (type === undefined || [undefined, type].includes(piece.predicateType))
            yield judgePiece(piece, digest, part, attestor, now);
        }
      },
      list: () => pieces.map((piece) => listPiece(piece, digest)),
    };
  },
};

/** Every referrer that may hold a bundle is opened: fallback indexes often name the type wrongly or not at all. */
async function findLayers({ reader, digest, signal, limits }: EvidenceQuestion): Promise<Descriptor[]> {
  const referrers = (await reader.referrers(digest, signal)).filter(mayHoldBundle);
  const layers = new Map<string, Descriptor>();
  for (const manifest of await fetchManifests(referrers, reader, signal)) {
    if (memberAt(manifest.document, 'subject', 'digest') !== digest) continue;
    for (const layer of readDescriptors(manifest, 'layers').slice(0, limits.layers)) {
      if (bundleMediaType.test(layer.mediaType) && !layers.has(layer.digest)) layers.set(layer.digest, layer);
    }
  }
  return [...layers.values()];
}

function mayHoldBundle({ artifactType }: Descriptor): boolean {
  if (artifactType === undefined || artifactType === '') return true;
  return bundleType.test(artifactType) || artifactType.startsWith('application/vnd.oci.');
}

/** A bundle as it is stored. */
interface Piece {
  readonly evidence: string;
  /** Of the statement it claims to hold; undefined when it cannot be read. */
  readonly predicateType: string | undefined;
  /** With the statement it claims to hold, or why it cannot be read. */
  readonly read: () => Attempt<{ readonly bundle: Bundle; readonly statement: JsonObject }>;
}

function readPiece(evidence: string, bytes: Uint8Array, digest: string): Piece {
  const read = keepReading(bytes, () =>
    attempt(() => {
      const bundle = readBundle(bytes);
      const { content } = bundle;
      if (content.kind !== 'dsse') {
        throw new Refusal('bad-signature', 'the bundle signs a file and makes no statement about an image');
      }
      return { bundle, statement: readStatement(content.envelope, digest) };
    }),
  );
  const first = read();
  return { evidence, predicateType: first.ok ? predicateTypeOf(first.value.statement) : undefined, read };
}

/** What cannot be read counts for either part, so that it shows up as the reason. */
function isOfPart({ predicateType }: Piece, part: EvidencePart): boolean {
  return predicateType === undefined || part === 'attestations' || predicateType === signaturePredicate;
}

function listPiece({ evidence, read }: Piece, digest: string): EvidenceClaims {
  const found = read();
  if (!found.ok) return unreadable(evidence, found.failure);
  const { bundle, statement } = found.value;
  const annotations = annotationsOf(statement, digest);
  return claimsOf(evidence, materialOf(bundle, undefined), statement, { annotations, keyHint: bundle.keyHint });
}

function judgePiece(
  { evidence, read }: Piece,
  digest: string,
  part: EvidencePart,
  attestor: Parameters<EvidenceSet['judge']>[0],
  now: number,
): PieceVerdict {
  const found = read();
  if (!found.ok) return { ok: false, failure: { ...found.failure, evidence } };
  const { bundle, statement } = found.value;
  const judged = attempt(() => {
    const vouched = checkSignedMaterial(materialOf(bundle, undefined), attestor, now);
    if (part === 'signatures') checkAnnotations(annotationsOf(statement, digest), attestor.annotations);
    return vouched;
  });
  if (!judged.ok) return { ok: false, failure: { ...judged.failure, evidence } };
  return { ok: true, evidence, vouched: judged.value, document: statement };
}

/** cosign 3 signs annotations on the subject with the image's digest. */
function annotationsOf(statement: JsonObject, digest: string): Json | undefined {
  const list = member(statement, 'subject');
  const subject = isJsonArray(list)
    ? list.find((one) => `sha256:${String(memberAt(one, 'digest', 'sha256'))}` === digest)
    : undefined;
  return memberAt(subject, 'annotations');
}
