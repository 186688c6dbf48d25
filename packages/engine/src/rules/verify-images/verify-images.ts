import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { DEFAULT_IMAGE_SETTINGS } from '../../kernel/image-reference.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import type { RuleBody, RuleCompilation, RuleKind } from '../rule-kind.ts';
import { compileAttestationCheck } from './check-attestations.ts';
import { checkImages } from './check-images.ts';
import { compileEntry } from './compile-entry.ts';
import { createAnnotator } from './image-annotations.ts';
import { matchingImages } from './matching-images.ts';
import { pinImages, type VerifyingEntry } from './pin-images.ts';

/**
 * Image signatures and attestations (kyverno-core §3). In the verify-images phase images are verified, pinned to the
 * digest that was verified, and annotated; in validate they are checked again by their digests. No annotation is read.
 */
export const verifyImageRules: RuleKind = {
  name: 'verifyImages',
  reads: (rule) => rule.verifyImages.length > 0,
  compile,
};

const PINNING: ReadonlySet<Phase> = new Set(['verify-images']);
const BOTH: ReadonlySet<Phase> = new Set(['verify-images', 'validate']);

function compile({ policy, rule, host, report, images }: RuleCompilation): RuleBody {
  const settings = images ?? DEFAULT_IMAGE_SETTINGS;
  const tools = { host, report, path: `${rule.path}.verifyImages` };
  const entries = rule.verifyImages.map(
    (entry): VerifyingEntry => ({
      ...compileEntry(entry, tools),
      checkAttestations: compileAttestationCheck(entry, rule, tools),
    }),
  );
  const extraction = { host, settings, extractors: rule.imageExtractors };
  const annotate = createAnnotator(policy.ref, rule.name);
  const context = { entries, settings, policy: policy.ref, rule: rule.name, annotate };
  const checks = rule.verifyImages.some(({ verifyDigest, required }) => verifyDigest || required);
  return {
    type: 'ImageVerify',
    phases: checks ? BOTH : PINNING,
    applies: (input) => {
      if (input.request.operation === 'DELETE') return false;
      const found = matchingImages(input, entries, extraction);
      if (!(found instanceof EvaluationError)) return found.length > 0;
      return { status: 'error', message: `failed to instantiate handler: ${found.message}`, reason: 'image-reference' };
    },
    evaluate: (evaluation) => {
      const found = matchingImages(evaluation.input, entries, extraction);
      if (found instanceof EvaluationError || found.length === 0) return undefined;
      return evaluation.input.phase === 'validate'
        ? checkImages(found, evaluation, context)
        : pinImages(found, evaluation, context);
    },
  };
}
