import { mutate } from './mutate/mutate.ts';
import type { RuleKind } from './rule-kind.ts';
import { validate } from './validate/validate.ts';
import { verifyImages } from './verify-images/verify-images.ts';

/** Every rule kind, in the order a rule is tried on them. A new kind is one folder and one line here. */
export const RULE_KINDS: readonly RuleKind[] = [validate, mutate, verifyImages];
