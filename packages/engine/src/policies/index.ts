import { deletingPolicies } from './deleting/deleting.ts';
import { generatingPolicies } from './generating/generating.ts';
import { imageValidatingPolicies } from './image-validating/image-validating.ts';
import { mutatingPolicies } from './mutating/mutating.ts';
import { mutatingAdmissionPolicies } from './mutating-admission/mutating-admission.ts';
import type { PolicyKind } from './policy-kind.ts';
import { validatingPolicies } from './validating/validating.ts';
import { validatingAdmissionPolicies } from './validating-admission/validating-admission.ts';

/** Every kind of policies in CEL. A new one is one folder and one line here. */
export const POLICY_KINDS: readonly PolicyKind[] = [
  validatingPolicies,
  imageValidatingPolicies,
  validatingAdmissionPolicies,
  generatingPolicies,
  deletingPolicies,
  mutatingPolicies,
  mutatingAdmissionPolicies,
];
