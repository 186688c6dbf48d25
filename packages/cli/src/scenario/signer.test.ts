import { parseCertificates, verifyIssued } from '@vouchsafe/kube/pki';
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/start-cluster.ts';
import { createBuiltInSigner } from './signer.ts';

const noCluster = {} as Cluster; // keys are made without one

describe('the built-in signer', () => {
  it('has one key for a name, and another for another name', async () => {
    const signer = createBuiltInSigner();
    const [first, again, other] = await Promise.all(['a', 'a', 'b'].map((name) => signer.material(noCluster, name)));
    expect(again).toEqual(first);
    expect(other?.publicKey).not.toBe(first?.publicKey);
  });

  it('has its key certified by a chain that ends in a root', async () => {
    const { certificate, chain } = await createBuiltInSigner().material(noCluster, 'builder');
    const [leaf, intermediate, root] = parseCertificates(certificate + chain);
    if (!leaf || !intermediate || !root) throw new Error('three certificates are expected');
    expect(verifyIssued(leaf, intermediate)).toBe(true);
    expect(verifyIssued(intermediate, root)).toBe(true);
    expect(verifyIssued(leaf, root)).toBe(false);
    expect(leaf.basicConstraints?.isCertificateAuthority ?? false).toBe(false);
  });
});
