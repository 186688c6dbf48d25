/**
 * The annotations in which the outcome of image verification is told to others (kyverno-core §3.7). They are written
 * by the admission webhook alone: what a submitter writes there is put back or removed before anyone reads it.
 */
export const PROTECTED_ANNOTATIONS = [
  'kyverno.io/verify-images',
  'kyverno.io/verify-images-scoped',
  'kyverno.io/image-verification-outcomes',
] as const;
