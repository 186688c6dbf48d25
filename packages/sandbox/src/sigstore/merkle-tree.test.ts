import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createMerkleTree } from './merkle-tree.ts';

/** Leaves and roots of the certificate transparency reference implementations' test vectors. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 9162 §2.1.3.2: the root that a leaf and its path lead to. */
function rootFrom(leafHash: Buffer, index: number, size: number, path: readonly Buffer[]): Buffer | undefined {
  let first = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (first % 2 === 1 || first === last) {
      hash = sha256(Uint8Array.of(1), sibling, hash);
      while (first % 2 === 0 && first !== 0) {
        first = Math.floor(first / 2);
        last = Math.floor(last / 2);
      }
    } else hash = sha256(Uint8Array.of(1), hash, sibling);
    first = Math.floor(first / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
}

describe('createMerkleTree', () => {
  it('has the known roots', () => {
    const tree = createMerkleTree();
    expect(tree.root().toString('hex')).toBe(createHash('sha256').digest('hex'));
    const roots = LEAVES.map((leaf) => {
      tree.append(Buffer.from(leaf, 'hex'));
      return tree.root().toString('hex');
    });
    expect(roots).toEqual(ROOTS);
  });

  it('proves every leaf of every size', () => {
    const tree = createMerkleTree();
    for (let size = 1; size <= 40; size += 1) {
      expect(tree.append(Buffer.from(`leaf ${size - 1}`))).toBe(size - 1);
      for (let index = 0; index < size; index += 1) {
        const found = rootFrom(tree.leafHash(index), index, size, tree.inclusionProof(index));
        expect(found?.equals(tree.root()), `leaf ${index} of ${size}`).toBe(true);
      }
    }
  });
});
