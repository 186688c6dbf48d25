import type { DiagnosticCode } from '../../kernel/diagnostics/codes.ts';
import type { Diagnostic } from '../../kernel/diagnostics/diagnostic.ts';

/** Collects what a document has against it; texts are Kyverno's where it has one. */
export interface Problems {
  error(path: string, message: string, code?: DiagnosticCode, hint?: string): void;
  warning(path: string, message: string, code?: DiagnosticCode, hint?: string): void;
  readonly found: readonly Diagnostic[];
}

export function createProblems(): Problems {
  const found: Diagnostic[] = [];
  const add = (
    severity: 'error' | 'warning',
    path: string,
    message: string,
    code: DiagnosticCode,
    hint?: string,
  ): void => {
    found.push({ code, severity, path, message, ...(hint ? { hint } : {}) });
  };
  return {
    found,
    error: (path, message, code = 'policy-invalid-value', hint) => add('error', path, message, code, hint),
    warning: (path, message, code = 'policy-deprecated', hint) => add('warning', path, message, code, hint),
  };
}
