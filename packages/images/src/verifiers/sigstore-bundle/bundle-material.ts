import type { SignedMaterial } from '../../trust/vouch.ts';
import type { Bundle } from './bundle.ts';

/** What an attestor judges, from a bundle. `message` is what a message signature is over. */
export function materialOf(bundle: Bundle, message: Uint8Array | undefined): SignedMaterial {
  const { content } = bundle;
  const isEnvelope = content.kind === 'dsse';
  return {
    signature: content.signature,
    signedBytes: isEnvelope ? content.envelope.signedBytes : (message ?? new Uint8Array()),
    payload: isEnvelope ? content.envelope.payload : undefined,
    envelope: undefined,
    certificate: bundle.certificate,
    untrusted: () => bundle.chain,
    entries: bundle.entries,
    logDemands: bundle.logDemands,
    timeStamps: bundle.timeStamps,
    timeStampedBytes: content.signature,
  };
}
