import type {
  Cancellation,
  Fact,
  FactSource,
  ImageVerification,
  ImageVerificationRequest,
} from '@vouchsafe/engine/facts';

/** Asks one question about one image. Never rejects for an image source; no answer is a failed fact. */
export async function askVerification(
  source: FactSource,
  request: ImageVerificationRequest,
  signal?: Cancellation,
): Promise<Fact<ImageVerification>> {
  const [fact] = await source.fetch([request], signal);
  if (fact === undefined) return { ok: false, class: 'unavailable', message: 'the source gave no answer' };
  // The contract of FactSource: the value of an image-verification fact is an ImageVerification.
  return fact as Fact<ImageVerification>;
}
