import { EvaluationError } from './evaluation-error.ts';
import type { EngineHost } from './host.ts';

/** A host on which nothing varies, and which can decode no certificate. */
export const STILL_HOST: EngineHost = Object.freeze({
  hash: () => 'h',
  decodeCertificate: () => new EvaluationError('no certificate'),
  random: () => 0.5,
});
