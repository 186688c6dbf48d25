import { generateKeyPair } from '@vouchsafe/kube/pki';
import { type Registry, signKeyless, signWithKey } from '@vouchsafe/sandbox';
import type { Cluster } from '../cluster/start-cluster.ts';
import type { SignedBy } from './scenario.ts';
import { certifySigningKey, type SigningMaterial } from './signing-certificate.ts';

export interface SigningOrder {
  readonly cluster: Cluster;
  readonly repository: string;
  readonly digest: string;
  readonly by: SignedBy;
  /** `legacy` unless told. */
  readonly format?: 'legacy' | 'bundle';
}

/** Something that signs as cosign does. */
export interface Signer {
  readonly description: string;
  /** Of the key of this name, which is made when it is first asked for. */
  material(cluster: Cluster, name: string): Promise<SigningMaterial>;
  sign(order: SigningOrder): Promise<void>;
}

interface NamedKey {
  readonly privateKey: string;
  readonly material: SigningMaterial;
}

/** Signs in this process: for the tour, where no cosign needs to be installed. */
export function createBuiltInSigner(): Signer {
  const keys = new Map<string, NamedKey>();
  const keyOf = (name: string): NamedKey => {
    const known = keys.get(name);
    if (known) return known;
    const { privateKeyPem, publicKeyPem } = generateKeyPair('ecdsa-p256');
    const made = { privateKey: privateKeyPem, material: certifySigningKey(name, publicKeyPem) };
    keys.set(name, made);
    return made;
  };
  return {
    description: 'the built-in signer',
    material: async (_, name) => keyOf(name).material,
    async sign({ cluster: { registry, sigstore }, repository, digest, by, format = 'legacy' }) {
      const image = `${repository}@${digest}`;
      const referrers = await listingFor(registry, repository, digest);
      if ('key' in by || 'certificate' in by) {
        const { privateKey, material } = keyOf('key' in by ? by.key : by.certificate);
        const certificate = { pem: material.certificate, chainPem: material.chain };
        signWithKey({
          registry,
          image,
          key: privateKey,
          log: 'v1',
          sigstore,
          format,
          referrers,
          ...('certificate' in by ? { certificate } : {}),
        });
      } else {
        signKeyless({ registry, image, sigstore, identity: by, format, referrers });
      }
    },
  };
}

/** As cosign does: a registry without the referrers API gets a tag that lists them. */
async function listingFor(registry: Registry, repository: string, digest: string): Promise<'api' | 'tag-as-cosign'> {
  const answer = await fetch(`${registry.url}/v2/${repository}/referrers/${digest}`);
  await answer.body?.cancel();
  return answer.status === 404 ? 'tag-as-cosign' : 'api';
}
