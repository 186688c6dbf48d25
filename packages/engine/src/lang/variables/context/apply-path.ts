import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../../kernel/host.ts';
import type { Json } from '../../../kernel/json.ts';
import { compileJmesPath, isJmesPathDiagnostic } from '../../jmespath/compile-jmespath.ts';

/** A JMESPath expression applied to plain JSON. */
export function applyPath(path: string, value: Json, host: EngineHost, now?: number): Json | EvaluationError {
  const expression = compileJmesPath(path, host);
  if (!isJmesPathDiagnostic(expression)) return expression.evaluate(value, now);
  return new EvaluationError(`failed to compile JMESPath: ${path}, error: ${expression.reason}`);
}
