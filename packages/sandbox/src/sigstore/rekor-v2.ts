import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { type LogKey, signCheckpoint } from './log-key.ts';
import { createMerkleTree } from './merkle-tree.ts';

/** Who signed, as the Rekor v2 API wants it. `rawBytes` is base64 DER. */
export type RekorVerifier = ({ x509Certificate: { rawBytes: string } } | { publicKey: { rawBytes: string } }) & {
  keyDetails: string;
};

export interface HashedRekordRequest {
  /** Base64. */
  digest: string;
  signature: { content: string; verifier: RekorVerifier };
}

export interface DsseRequest {
  envelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
  verifiers: RekorVerifier[];
}

export interface RekorV2Request {
  hashedRekordRequestV002?: HashedRekordRequest;
  dsseRequestV002?: DsseRequest;
}

/** A TransparencyLogEntry as bundles hold it: protojson, 64-bit numbers as strings. */
export interface TransparencyLogEntry {
  /** Absent means 0 in stored bundles. */
  logIndex?: string;
  logId: { keyId: string };
  kindVersion: { kind: string; version: string };
  integratedTime?: string;
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: {
    logIndex?: string;
    rootHash: string;
    treeSize: string;
    /** Absent when there are none. */
    hashes?: string[];
    checkpoint?: { envelope: string };
  };
  canonicalizedBody: string;
}

/** A Rekor v2 log: proofs only, no times of its own. */
export interface RekorV2 {
  readonly key: LogKey;
  readonly origin: string;
  append(request: RekorV2Request): TransparencyLogEntry | { refused: string };
}

const MAX_ENTRIES = 50_000;
const VERSION = '0.0.2';

export function createRekorV2(key: LogKey, origin: string): RekorV2 {
  const tree = createMerkleTree();
  return {
    key,
    origin,
    append(request) {
      if (tree.size >= MAX_ENTRIES) return { refused: 'the log is full' };
      const content = contentOf(request);
      if (content === undefined) return { refused: 'the request holds neither a hashedrekord nor a dsse entry' };
      const { kind, spec } = content;
      const body = Buffer.from(canonicalJson({ apiVersion: VERSION, kind, spec }));
      const index = tree.append(body);
      return {
        logIndex: String(index),
        logId: { keyId: key.id.toString('base64') },
        kindVersion: { kind, version: VERSION },
        inclusionProof: {
          logIndex: String(index),
          rootHash: tree.root().toString('base64'),
          treeSize: String(tree.size),
          hashes: tree.inclusionProof(index).map((hash) => hash.toString('base64')),
          checkpoint: { envelope: signCheckpoint(key, origin, origin, tree.size, tree.root()) },
        },
        canonicalizedBody: body.toString('base64'),
      };
    },
  };
}

function contentOf(request: RekorV2Request): { kind: string; spec: unknown } | undefined {
  const { hashedRekordRequestV002: hashed, dsseRequestV002: dsse } = request;
  if (hashed !== undefined) {
    const { content, verifier } = hashed.signature;
    const data = { algorithm: hashAlgorithmOf(verifier.keyDetails), digest: hashed.digest };
    return { kind: 'hashedrekord', spec: { hashedRekordV002: { data, signature: { content, verifier } } } };
  }
  if (dsse === undefined) return undefined;
  const digest = createHash('sha256').update(Buffer.from(dsse.envelope.payload, 'base64')).digest('base64');
  const signatures = dsse.envelope.signatures.map(({ sig }, index) => ({
    content: sig,
    verifier: dsse.verifiers[index],
  }));
  return { kind: 'dsse', spec: { dsseV002: { payloadHash: { algorithm: 'SHA2_256', digest }, signatures } } };
}

function hashAlgorithmOf(keyDetails: string): string {
  if (keyDetails.includes('384')) return 'SHA2_384';
  return keyDetails.includes('512') || keyDetails.includes('521') ? 'SHA2_512' : 'SHA2_256';
}
