import { RegistryFailure } from '../../registry/registry-failure.ts';
import type { Verifier } from '../verifier.ts';

const unsupported = 'image signatures of type `Notary` are not supported yet';

/** Notary Project signatures. Fails closed: nothing is ever verified by it. */
export const notaryVerifier: Verifier = {
  type: 'Notary',
  unsupported,
  collect: () => Promise.reject(new RegistryFailure('permanent', unsupported)),
};
