import { createHash } from 'node:crypto';
import { generateKeyPair } from '@vouchsafe/kube/pki';
import type { ProposedEntry } from './canonicalise-entry.ts';
import { type LogKey, signCheckpoint } from './log-key.ts';
import { type RekorEntry, signEntryTimestamp } from './rekor-v1.ts';
import type { RekorVerifier, TransparencyLogEntry } from './rekor-v2.ts';
import { type LogDefects, tamper } from './signature-defects.ts';
import type { SignedDocument } from './signed-document.ts';
import {
  anotherKeyLike,
  createKeySigner,
  keyDetailsOf,
  type SignatureHash,
  type SignerKey,
  signBytes,
} from './signer-key.ts';
import type { SigstoreServices } from './sigstore-services.ts';

export type EntryKind = 'hashedrekord' | 'dsse' | 'intoto';

/** What is logged: who signed what. */
interface LoggedSignature {
  signer: SignerKey;
  document: SignedDocument;
  hash: SignatureHash;
}

/** An entry in Rekor v1 for the signature, or none when the defects say so. */
export function logToRekor(
  services: SigstoreServices,
  logged: LoggedSignature,
  kind: EntryKind,
  defects: LogDefects = {},
): RekorEntry | undefined {
  if (defects.entry === 'missing') return undefined;
  const { rekor } = defects.entry === 'unknown-log' ? services.impostor() : services;
  if (defects.proof !== undefined) rekor.append(fillerEntry());
  const added = rekor.append(proposedEntry(applyEntryDefect(logged, defects), kind), defects.integratedTime);
  if ('refused' in added) throw new Error(`the log refused the entry: ${added.refused}`);
  return withPromiseDefect(added.entry, services, defects);
}

/** The same for Rekor v2: an entry over the hash of what was signed. */
export function logToRekorV2(
  services: SigstoreServices,
  logged: LoggedSignature,
  defects: LogDefects = {},
): TransparencyLogEntry | undefined {
  if (defects.entry === 'missing') return undefined;
  const { rekorV2 } = defects.entry === 'unknown-log' ? services.impostor() : services;
  if (defects.proof !== undefined) rekorV2.append(hashedRekordRequest(logged));
  const added = rekorV2.append(hashedRekordRequest(applyEntryDefect(logged, defects)));
  if ('refused' in added) throw new Error(`the log refused the entry: ${added.refused}`);
  return withProofDefect(added, services.rekorV2.key, services, defects);
}

/** A Rekor v1 entry in the form bundles hold. */
export function toTransparencyLogEntry(
  entry: RekorEntry,
  kind: EntryKind,
  services: SigstoreServices,
  defects: LogDefects = {},
): TransparencyLogEntry {
  const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification;
  const converted: TransparencyLogEntry = {
    logIndex: String(entry.logIndex),
    logId: { keyId: base64(entry.logID) },
    kindVersion: { kind, version: '0.0.1' },
    integratedTime: String(entry.integratedTime),
    ...(defects.promise === 'missing' ? {} : { inclusionPromise: { signedEntryTimestamp } }),
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: base64(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(base64),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: entry.body,
  };
  return withProofDefect(converted, services.rekor.key, services, defects);
}

/** The evidence of something else than the signature it is stored with. */
function applyEntryDefect(logged: LoggedSignature, defects: LogDefects): LoggedSignature {
  const { signer, document, hash } = logged;
  switch (defects.entry) {
    case 'of-another-key': {
      const other = createKeySigner(anotherKeyLike(signer.privateKey));
      return { ...logged, signer: other, document: resign(document, other, hash) };
    }
    case 'of-another-verifier':
      return { ...logged, signer: createKeySigner(anotherKeyLike(signer.privateKey)) };
    case 'of-another-signature':
      return { ...logged, document: resign(document, signer, hash) };
    case 'of-another-payload':
      return { ...logged, document: resign(withOtherPayload(document), signer, hash) };
    default:
      return logged;
  }
}

/** ECDSA signatures differ each time, so that signing again makes another valid one. */
function resign(document: SignedDocument, signer: SignerKey, hash: SignatureHash): SignedDocument {
  const signature = signBytes(signer, document.signed, hash);
  const signatureText = signature.toString('base64');
  if (document.envelope === undefined) return { ...document, signature, signatureText };
  const envelope = { ...document.envelope, signatures: [{ sig: signatureText }] };
  return { ...document, signature, signatureText, envelope, envelopeText: JSON.stringify(envelope) };
}

function withOtherPayload(document: SignedDocument): SignedDocument {
  const payload = Buffer.concat([document.payload, Buffer.from(' ')]);
  const signed = Buffer.concat([document.signed, Buffer.from(' ')]);
  if (document.envelope === undefined) return { ...document, payload, signed };
  return { ...document, payload, signed, envelope: { ...document.envelope, payload: payload.toString('base64') } };
}

function proposedEntry({ signer, document, hash }: LoggedSignature, kind: EntryKind): ProposedEntry {
  const verifier = Buffer.from(signer.verifierPem).toString('base64');
  switch (kind) {
    case 'hashedrekord': {
      const value = createHash(hash).update(document.signed).digest('hex');
      const signature = { content: document.signature.toString('base64'), publicKey: { content: verifier } };
      return { kind, apiVersion: '0.0.1', spec: { data: { hash: { algorithm: hash, value } }, signature } };
    }
    case 'dsse':
      return {
        kind,
        apiVersion: '0.0.1',
        spec: { proposedContent: { envelope: document.envelopeText, verifiers: verifiersOf(document, verifier) } },
      };
    case 'intoto':
      return {
        kind,
        apiVersion: '0.0.1',
        spec: { content: { envelope: document.envelopeText }, publicKey: verifier },
      };
  }
}

function verifiersOf(document: SignedDocument, verifier: string): string[] {
  return (document.envelope?.signatures ?? []).map(() => verifier);
}

function hashedRekordRequest({ signer, document, hash }: LoggedSignature) {
  const rawBytes = signer.verifierDer.toString('base64');
  const verifier: RekorVerifier = {
    ...(signer.certificate === undefined ? { publicKey: { rawBytes } } : { x509Certificate: { rawBytes } }),
    keyDetails: keyDetailsOf(signer.privateKey),
  };
  const digest = createHash(hash).update(document.signed).digest('base64');
  return {
    hashedRekordRequestV002: { digest, signature: { content: document.signature.toString('base64'), verifier } },
  };
}

function withPromiseDefect(entry: RekorEntry, services: SigstoreServices, defects: LogDefects): RekorEntry {
  const { verification, ...signed } = entry;
  const replace = (signedEntryTimestamp: string) => ({
    ...signed,
    verification: { ...verification, signedEntryTimestamp },
  });
  switch (defects.promise) {
    case 'tampered':
      return replace(tamper(Buffer.from(verification.signedEntryTimestamp, 'base64')).toString('base64'));
    case 'by-another-key':
      return replace(signEntryTimestamp(services.impostor().rekor.key, signed));
    default:
      return entry;
  }
}

function withProofDefect(
  entry: TransparencyLogEntry,
  key: LogKey,
  services: SigstoreServices,
  defects: LogDefects,
): TransparencyLogEntry {
  const { inclusionProof: proof, ...rest } = entry;
  if (proof === undefined || defects.proof === 'missing') return rest;
  const { checkpoint, hashes = [], rootHash, ...place } = proof;
  const zero = Buffer.alloc(32).toString('base64');
  const variants = { truncated: hashes.slice(1), extended: [...hashes, zero] };
  const bent = {
    ...place,
    rootHash: defects.proof === 'of-another-root' ? zero : rootHash,
    hashes: defects.proof === 'truncated' || defects.proof === 'extended' ? variants[defects.proof] : hashes,
  };
  if (checkpoint === undefined || defects.checkpoint === 'missing') return { ...rest, inclusionProof: bent };
  const envelope = checkpointWithDefect(checkpoint.envelope, key, services, defects);
  return { ...rest, inclusionProof: { ...bent, checkpoint: { envelope } } };
}

function checkpointWithDefect(note: string, key: LogKey, services: SigstoreServices, defects: LogDefects): string {
  const [origin = '', size = '0', root = ''] = note.split('\n');
  const signer = origin.split(' ')[0] ?? origin;
  const { impostor } = services;
  switch (defects.checkpoint) {
    case 'tampered':
      return note.replace(`\n${size}\n`, `\n${Number(size) + 1}\n`);
    case 'by-another-key': {
      const others = impostor();
      const otherKey = key.privateKey.asymmetricKeyType === 'ed25519' ? others.rekorV2.key : others.rekor.key;
      return signCheckpoint({ ...otherKey, id: key.id }, origin, signer, Number(size), Buffer.from(root, 'base64'));
    }
    case 'with-witnesses':
      return `${note}\u2014 witness.example ${Buffer.concat([Buffer.from('wtns'), Buffer.alloc(64, 7)]).toString('base64')}\n`;
    default:
      return note;
  }
}

/** Somebody else's entry, so that a proof has at least one hash. */
function fillerEntry(): ProposedEntry {
  const { publicKey, publicKeyPem } = generateKeyPair('ecdsa-p256');
  const content = Buffer.from(publicKeyPem).toString('base64');
  const value = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
  const signature = { content: Buffer.alloc(8).toString('base64'), publicKey: { content } };
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    spec: { data: { hash: { algorithm: 'sha256', value } }, signature },
  };
}
