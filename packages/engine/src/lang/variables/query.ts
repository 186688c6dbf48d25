import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import type { Json } from '../../kernel/json.ts';
import type { VariableScope } from '../../model/variable-scope.ts';
import { compileJmesPath, isJmesPathDiagnostic, type JmesPathDiagnostic } from '../jmespath/compile-jmespath.ts';
import { ContextError } from './context-error.ts';

/** A JMESPath expression asked of a scope, with the error texts of Kyverno's `Query`. */
export interface Query {
  readonly text: string;
  readonly evaluate: (scope: VariableScope) => Json | EvaluationError;
  /** Why the text is no expression; evaluation then always answers an error. */
  readonly diagnostic?: JmesPathDiagnostic;
}

/** Compiles `text` for evaluation against a scope. Never throws; evaluation throws `Need` only. */
export function compileQuery(text: string, host: EngineHost): Query {
  const trimmed = text.trim();
  if (trimmed === '') return failing(text, 'invalid query (nil)');
  const expression = compileJmesPath(trimmed, host);
  if (isJmesPathDiagnostic(expression)) {
    return { ...failing(text, `incorrect query ${trimmed}: ${expression.reason}`), diagnostic: expression };
  }
  return {
    text,
    evaluate: (scope) => {
      const result = expression.evaluate(scope);
      // A context entry that failed to load says so in its own words.
      if (!(result instanceof EvaluationError) || result instanceof ContextError) return result;
      return new EvaluationError(`JMESPath query failed: ${result.message}`, result.notFound);
    },
  };
}

function failing(text: string, message: string): Query {
  const error = new EvaluationError(message);
  return { text, evaluate: () => error };
}
