import { generate } from './generate/generate.ts';
import { mutate } from './mutate/mutate.ts';
import type { RuleKind } from './rule-kind.ts';
import { validateRules } from './validate/validate.ts';
import { verifyImageRules } from './verify-images/verify-images.ts';

/** Every rule kind, in the order a rule is tried on them. A new kind is one folder and one line here. */
export const RULE_KINDS: readonly RuleKind[] = [validateRules, mutate, verifyImageRules];

/** Those and `generate`, whose effects are for shells that can carry them out. */
export const ALL_RULE_KINDS: readonly RuleKind[] = [...RULE_KINDS, generate];
