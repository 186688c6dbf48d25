import type { FactSource } from '@vouchsafe/engine/facts';
import { createImageSource, publicGoodTrustRoot } from '@vouchsafe/images';

export interface ImageFacts {
  readonly source: FactSource;
  readonly close: () => Promise<void>;
}

/** Answers about images from their registries, judged by the public-good trust root. */
export function openImageFacts(): ImageFacts {
  const source = createImageSource({
    trustRoot: publicGoodTrustRoot(),
    cache: { maxSize: 0, ttlMs: 0 },
    userAgent: 'vouchsafe',
  });
  return { source, close: () => source.close() };
}
