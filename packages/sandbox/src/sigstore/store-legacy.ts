import { attachLegacyLayer, attachLegacyReferrer } from './attach-legacy.ts';
import { type EntryKind, logToRekor } from './log-evidence.ts';
import { type SigningWork, servicesOf, storedCertificatePem, timestampOf } from './signing-work.ts';

/** Stores a signature or attestation the way of cosign 2: all evidence in annotations of a layer. */
export function storeLegacy(
  work: SigningWork,
  repository: string,
): { tag?: string; manifestDigest: string; layerDigest: string } {
  const { options, document, defects, found } = work;
  const isAttestation = document.envelopeText !== undefined;
  const kind = isAttestation ? 'att' : 'sig';
  const layer = {
    mediaType:
      defects.manifest?.layerMediaType ??
      (isAttestation ? 'application/vnd.dsse.envelope.v1+json' : 'application/vnd.dev.cosign.simplesigning.v1+json'),
    blob: document.envelopeText === undefined ? document.payload : Buffer.from(document.envelopeText),
    annotations: legacyAnnotations(work),
  };
  const { content } = options.registry;
  if (options.legacyReferrer === true) {
    const { mediaType, digest, size } = found;
    return attachLegacyReferrer(content, repository, { mediaType, digest, size }, kind, layer);
  }
  const tag = `${options.tagPrefix ?? ''}${found.digest.replace(':', '-')}.${kind}`;
  return { tag, ...attachLegacyLayer(content, repository, tag, layer) };
}

function legacyAnnotations(work: SigningWork): Record<string, string> {
  const { options, document, signer, defects } = work;
  const isAttestation = document.envelopeText !== undefined;
  const bundle = legacyLogBundle(work);
  const timestamp = timestampOf(
    work,
    document.envelopeText === undefined ? document.signature : Buffer.from(document.envelopeText),
  );
  const chain = defects.storedChain === 'impostor' ? impostorChain(work) : (signer.certificate?.chainPem ?? '');
  const certificate = storedCertificatePem(signer, defects);
  return {
    'dev.cosignproject.cosign/signature': isAttestation ? '' : document.signatureText,
    ...(bundle === undefined ? {} : { 'dev.sigstore.cosign/bundle': bundle }),
    ...(certificate === undefined ? {} : { 'dev.sigstore.cosign/certificate': certificate }),
    ...(certificate === undefined || chain === '' || defects.storedChain === 'missing'
      ? {}
      : { 'dev.sigstore.cosign/chain': chain }),
    ...(timestamp === undefined
      ? {}
      : {
          'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({
            SignedRFC3161Timestamp: timestamp.toString('base64'),
          }),
        }),
    ...(options.attestation === undefined ? {} : { predicateType: options.attestation.predicateType }),
  };
}

/** The annotation by which cosign 2 carries the log's promise. */
function legacyLogBundle(work: SigningWork): string | undefined {
  const { options, document, defects } = work;
  if (work.log === 'none') return undefined;
  if (work.log === 'v2') throw new Error('legacy signatures carry no Rekor v2 entries');
  const kind: EntryKind = document.envelope === undefined ? 'hashedrekord' : (options.attestation?.entry ?? 'dsse');
  const entry = logToRekor(servicesOf(work), work, kind, defects.log);
  if (entry === undefined) return undefined;
  const { body, integratedTime, logIndex, logID, verification } = entry;
  const promise = defects.log?.promise === 'missing' ? '' : verification.signedEntryTimestamp;
  return JSON.stringify({ SignedEntryTimestamp: promise, Payload: { body, integratedTime, logIndex, logID } });
}

function impostorChain(work: SigningWork): string {
  const { fulcioIntermediate, fulcioRoot } = servicesOf(work).impostor().authorities;
  return fulcioIntermediate.certificatePem + fulcioRoot.certificatePem;
}
