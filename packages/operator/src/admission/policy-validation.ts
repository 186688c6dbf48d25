import { type Engine, loadPolicy } from '@vouchsafe/engine';
import { type Diagnostic, isError, type JsonObject } from '@vouchsafe/engine/kernel';
import type { AdmissionAnswer, AdmissionRequest } from './review.ts';

export interface PolicyValidationOptions {
  readonly engine: Engine;
  readonly auditMutateDigest: 'warn' | 'refuse';
}

/** Problems shown in one refusal at most; a policy with more has a deeper one. */
const MAX_SHOWN = 20;

/**
 * Answers whether a policy may be created or changed: every problem at once, each with its path. DELETE is always
 * allowed, whatever state the policy is in.
 */
export function validatePolicy(request: AdmissionRequest, options: PolicyValidationOptions): AdmissionAnswer {
  if (request.operation === 'DELETE' || request.subresource !== '' || !request.object) return { allowed: true };
  const diagnostics = diagnosePolicy(request.object, options);
  const errors = diagnostics.filter(isError);
  const warnings = diagnostics.filter((diagnostic) => !isError(diagnostic)).map(describe);
  if (errors.length === 0) return { allowed: true, warnings };
  const lines = errors.slice(0, MAX_SHOWN).map(describe);
  if (errors.length > MAX_SHOWN) lines.push(`and ${errors.length - MAX_SHOWN} more`);
  return { allowed: false, message: lines.join('\n'), warnings };
}

function diagnosePolicy(
  document: JsonObject,
  { engine, auditMutateDigest }: PolicyValidationOptions,
): readonly Diagnostic[] {
  const loaded = loadPolicy(document, undefined, { auditMutateDigest, deprecations: true });
  if (!loaded.policy || loaded.diagnostics.some(isError)) return loaded.diagnostics;
  return [...loaded.diagnostics, ...engine.compile(loaded.policy).diagnostics];
}

function describe({ path, message, hint }: Diagnostic): string {
  return `${path ? `${path}: ` : ''}${message}${hint ? ` (${hint})` : ''}`;
}
