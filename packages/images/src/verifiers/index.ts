import type { ImageVerificationType } from '@vouchsafe/engine/facts';
import { cosignVerifier } from './cosign/cosign-verifier.ts';
import { notaryVerifier } from './notary/notary-verifier.ts';
import { sigstoreBundleVerifier } from './sigstore-bundle/sigstore-bundle-verifier.ts';
import type { Verifier } from './verifier.ts';

/** The formats that can be asked for. A new one is a folder and a line here. */
export const verifiers: readonly Verifier[] = [cosignVerifier, sigstoreBundleVerifier, notaryVerifier];

export function findVerifier(type: ImageVerificationType): Verifier | undefined {
  return verifiers.find((verifier) => verifier.type === type);
}
