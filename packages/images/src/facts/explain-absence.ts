import type { EvidenceFailure, ImageVerificationRequest } from '@vouchsafe/engine/facts';
import type { ImageName } from '../names/image-name.ts';
import type { EvidenceLocation } from '../names/signature-location.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { findOtherFormats } from '../verifiers/other-format.ts';
import type { EvidencePart, Verifier } from '../verifiers/verifier.ts';
import { findSignedImages } from './index-images.ts';

/** What is known of a question whose evidence is none. */
interface AbsentEvidence {
  readonly verifier: Verifier;
  readonly image: ImageName;
  readonly digest: string;
  readonly request: ImageVerificationRequest;
  readonly services: { readonly client: RegistryClient };
  readonly signal: () => AbortSignal;
}

/**
 * What there is in place of the evidence that was looked for: another format, or signatures of the images of an index. For
 * the message alone: nothing of it is verified, and a registry that does not answer leaves it out.
 */
export async function explainAbsence(
  { verifier, image, digest, request, services, signal }: AbsentEvidence,
  location: EvidenceLocation,
  part: EvidencePart,
): Promise<EvidenceFailure | undefined> {
  const { type } = verifier;
  const evidence = services.client.open(location, request.access);
  const formats = await findOtherFormats(type, digest, evidence, signal());
  if (formats.length > 0) {
    const got = formats.join(' and ');
    const message = `no signatures found of type ${type}, but the image has one of type ${got}`;
    return { reason: 'other-format', message, wanted: type, got };
  }
  const own = services.client.open(image, request.access);
  const signed = await findSignedImages(digest, { image: own, evidence, type, part }, signal()).catch(() => undefined);
  if (signed === undefined) return undefined;
  const what = part === 'signatures' ? 'signatures' : 'attestations';
  const found = signed.map((one) => `${one.platform} (${one.digest})`).join(', ');
  const message = `no ${what} found: the digest is of an index, and there are ${what} of its image ${found} alone`;
  return { reason: 'unsigned', message, wanted: digest, got: signed.map((one) => one.digest).join(', ') };
}
