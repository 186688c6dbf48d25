import type { CompiledPolicy, FailurePolicy } from '@vouchsafe/engine';

/** `Policy` registers Audit-only policies as their failurePolicy says, as Kyverno does; `Ignore` is safer. */
export type AuditOnly = 'Ignore' | 'Policy';

/**
 * Which of the two webhooks of a side a policy belongs to; the path that the API server calls says the same. A policy
 * that can only audit never stops a request, so it must not when we are away either.
 */
export function registeredFailurePolicy(policy: CompiledPolicy, auditOnly: AuditOnly): FailurePolicy {
  if (policy.failurePolicy === 'Ignore') return 'Ignore';
  const mutates = policy.selectors.some((selector) => selector.phases.has('mutate') || selector.phases.has('generate'));
  return policy.canEnforce || mutates || auditOnly === 'Policy' ? 'Fail' : 'Ignore';
}
