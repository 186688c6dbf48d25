import type { DiagnosticCode } from './codes.ts';

/** A place in a text the user wrote. Lines and columns count from 1; offsets from 0, in UTF-16 units. */
export interface SourceRange {
  readonly origin: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/**
 * The one shape of every expected failure. `message` is lower case without a final stop and quotes the user's words
 * in backticks; `path` is a JSON path such as `spec.rules[0].match`; advice goes into `hint`. Never holds a secret.
 */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly path?: string;
  /** What is wrong is inside of the text at `path`: offset of its place there, in UTF-16 units. */
  readonly offset?: number;
  readonly range?: SourceRange;
  readonly hint?: string;
}

export function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error';
}

/** `file:line:column: error: message (path) [code]`, with the hint on a line of its own. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { range, severity, message, path, code, hint } = diagnostic;
  const place = range ? `${range.origin}:${range.line}:${range.column}: ` : '';
  const at = path ? ` (${path})` : '';
  return `${place}${severity}: ${message}${at} [${code}]${hint ? `\n  hint: ${hint}` : ''}`;
}
