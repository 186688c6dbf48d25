import { hash as digest } from 'node:crypto';
import { sameBytes } from './encoded-text.ts';

/** That a leaf is in a tree of a log (RFC 6962 §2.1.1). */
export interface InclusionProof {
  readonly logIndex: number;
  readonly treeSize: number;
  readonly rootHash: Buffer;
  readonly hashes: readonly Buffer[];
  /** A signed note; undefined when there is none. */
  readonly checkpoint: string | undefined;
}

const hashLength = 32;
const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** Whether the hashes lead from `leaf` at its index to the root (RFC 9162 §2.1.3.2). */
export function isIncluded(leaf: Uint8Array, proof: InclusionProof): boolean {
  const { logIndex, treeSize, hashes, rootHash } = proof;
  if (logIndex < 0 || logIndex >= treeSize || hashes.length > 64 || rootHash.length !== hashLength) return false;
  let node = BigInt(logIndex);
  let last = BigInt(treeSize) - 1n;
  let hash = sha256(leafPrefix, leaf);
  for (const sibling of hashes) {
    if (last === 0n || sibling.length !== hashLength) return false;
    if ((node & 1n) === 1n || node === last) {
      hash = sha256(nodePrefix, sibling, hash);
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = sha256(nodePrefix, hash, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n && sameBytes(hash, rootHash);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return digest('sha256', Buffer.concat(parts), 'buffer');
}
