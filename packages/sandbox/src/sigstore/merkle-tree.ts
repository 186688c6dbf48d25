import { createHash } from 'node:crypto';

/** An append-only Merkle tree (RFC 6962 §2.1) over SHA-256. */
export interface MerkleTree {
  readonly size: number;
  /** Adds a leaf; returns its index. */
  append(leaf: Uint8Array): number;
  /** The leaf's hash, which is also part of a Rekor entry's name. */
  leafHash(index: number): Buffer;
  root(): Buffer;
  /** Audit path of the leaf in the tree as it is now, from the leaf up (RFC 6962 §2.1.1). */
  inclusionProof(index: number): Buffer[];
}

export function createMerkleTree(): MerkleTree {
  // levels[k][i] is the hash of the i-th complete subtree of 2^k leaves, so that no leaf is hashed twice.
  const levels: Buffer[][] = [[]];

  function hashOfRange(start: number, end: number): Buffer {
    const size = end - start;
    if (size === 0) return sha256();
    const level = Math.log2(size);
    const complete = Number.isInteger(level) && start % size === 0 ? levels[level]?.[start / size] : undefined;
    if (complete !== undefined) return complete;
    const middle = start + largestPowerBelow(size);
    return hashOfNode(hashOfRange(start, middle), hashOfRange(middle, end));
  }

  function pathOf(index: number, start: number, end: number): Buffer[] {
    if (end - start <= 1) return [];
    const middle = start + largestPowerBelow(end - start);
    return index < middle
      ? [...pathOf(index, start, middle), hashOfRange(middle, end)]
      : [...pathOf(index, middle, end), hashOfRange(start, middle)];
  }

  const leaves = () => levels[0]?.length ?? 0;

  return {
    get size() {
      return leaves();
    },
    append(leaf) {
      let hash = sha256(Uint8Array.of(0), leaf);
      for (let level = 0; ; level += 1) {
        levels[level] ??= [];
        const row = levels[level] ?? [];
        row.push(hash);
        const left = row.at(-2);
        if (row.length % 2 === 1 || left === undefined) return leaves() - 1;
        hash = hashOfNode(left, hash);
      }
    },
    leafHash: (index) => levels[0]?.[index] ?? sha256(),
    root: () => hashOfRange(0, leaves()),
    inclusionProof: (index) => pathOf(index, 0, leaves()),
  };
}

function largestPowerBelow(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

function hashOfNode(left: Buffer, right: Buffer): Buffer {
  return sha256(Uint8Array.of(1), left, right);
}

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
