import { RegistryFailure } from '../../registry/registry-failure.ts';
import type { Verifier } from '../verifier.ts';

const unsupported = 'image signatures of type `SigstoreBundle` are not supported yet';

/** Sigstore bundles. Fails closed: nothing is ever verified by it. */
export const sigstoreBundleVerifier: Verifier = {
  type: 'SigstoreBundle',
  unsupported,
  collect: () => Promise.reject(new RegistryFailure('permanent', unsupported)),
};
