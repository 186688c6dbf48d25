import { member } from '@vouchsafe/engine/kernel';
import { checkSignedMaterial, type SignedMaterial } from '../../trust/vouch.ts';
import { checkAnnotations } from '../../trust/wanted-annotations.ts';
import { claimsOf } from '../evidence-claims.ts';
import { checkMediaType, type LayerReader } from './cosign-layer.ts';
import { readCertificate, readChain, readLogEntries, readSignature, readTimeStamps } from './legacy-annotations.ts';
import { readSimpleSigning, simpleSigningMediaType } from './simple-signing.ts';

/** Judges signatures of one digest: payload, then whatever the attestor asks of the signature, then annotations. */
export function signatureReader(digest: string): LayerReader {
  return (layer) => {
    checkMediaType(layer, simpleSigningMediaType);
    const payload = readSimpleSigning(layer.blob, digest);
    const { annotations } = layer;
    const signature = readSignature(annotations);
    const material: SignedMaterial = {
      signature,
      signedBytes: layer.blob,
      payload: undefined,
      envelope: undefined,
      certificate: readCertificate(annotations),
      untrusted: () => readChain(annotations),
      entries: readLogEntries(annotations),
      logDemands: { promise: true, proof: false },
      timeStamps: readTimeStamps(annotations),
      timeStampedBytes: signature,
    };
    return {
      judge(attestor, now) {
        const vouched = checkSignedMaterial(material, attestor, now);
        checkAnnotations(member(payload, 'optional'), attestor.annotations);
        return { vouched, document: payload };
      },
      claims: () => claimsOf(layer.digest, material, payload, { annotations: member(payload, 'optional') }),
    };
  };
}
