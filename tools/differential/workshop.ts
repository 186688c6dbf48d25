import { generateKeyPair } from '@vouchsafe/kube/pki';
import type { Registry } from '@vouchsafe/sandbox/registry';
import type { Sigstore } from '@vouchsafe/sandbox/sigstore';
import { createNotaryKeys } from '../../packages/images/test/notary-signer.ts';
import { type KeyName, type KeyPem, keyNames, notaryKeyNames, type Workshop } from './differential-case.ts';

/** The keys all cases share; fresh in every run. */
export function createWorkshop(registry: Registry, sigstore: Sigstore): Workshop {
  const make = (): [KeyName, KeyPem][] =>
    keyNames.map((name) => {
      const { privateKeyPem, publicKeyPem } = generateKeyPair(name);
      return [name, { privateKey: privateKeyPem, publicKey: publicKeyPem }];
    });
  return {
    registry,
    sigstore,
    keys: new Map(make()),
    otherKeys: new Map(make()),
    notary: new Map(notaryKeyNames.map((name) => [name, createNotaryKeys(name)])),
  };
}
