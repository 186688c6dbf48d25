import { generateKeyPair, type KeyPair } from '@vouchsafe/kube/pki';
import { signKeyless, signWithKey } from '@vouchsafe/sandbox';
import type { Cluster } from '../cluster/start-cluster.ts';
import type { ScenarioImage } from './scenario.ts';

export interface SigningOrder {
  readonly cluster: Cluster;
  readonly repository: string;
  readonly digest: string;
  readonly by: NonNullable<ScenarioImage['signed']>;
}

/** Something that signs as cosign does. */
export interface Signer {
  readonly description: string;
  sign(order: SigningOrder): Promise<void>;
}

/** Signs in this process: for the tour, where no cosign needs to be installed. */
export function createBuiltInSigner(): Signer {
  const keys = new Map<string, KeyPair>();
  return {
    description: 'the built-in signer',
    async sign({ cluster, repository, digest, by }) {
      const { registry, sigstore } = cluster;
      const image = `${repository}@${digest}`;
      if ('key' in by) {
        const key = keys.get(by.key) ?? generateKeyPair('ecdsa-p256');
        keys.set(by.key, key);
        signWithKey({ registry, image, key: key.privateKey, log: 'v1', sigstore });
      } else {
        signKeyless({ registry, image, sigstore, identity: by });
      }
    },
  };
}
