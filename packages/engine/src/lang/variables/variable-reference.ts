import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { EngineHost } from '../../kernel/host.ts';
import type { Json } from '../../kernel/json.ts';
import type { JmesPathDiagnostic } from '../jmespath/compile-jmespath.ts';
import { leafExpression } from './leaf-path.ts';
import { compileQuery, type Query } from './query.ts';
import type { Scope } from './scope.ts';
import { readVariable, type VariableExpression } from './variable-text.ts';

/** One variable of a text, compiled. */
export interface VariableReference {
  readonly isShallow: boolean;
  readonly resolve: (scope: Scope) => Json | EvaluationError;
  readonly diagnostic?: JmesPathDiagnostic;
  /** Whether its expression holds values of the request, and so all that it gives counts as such. */
  readonly isGiven?: boolean;
}

/** Compiles `{{ … }}` at a leaf. Errors read `failed to resolve <expression> at path <path>: …`. */
export function compileVariable(source: string, path: string, host: EngineHost): VariableReference {
  return compileReadVariable(readVariable(source), path, host);
}

export function compileReadVariable(
  { text, isShallow }: VariableExpression,
  path: string,
  host: EngineHost,
): VariableReference {
  if (text === '@') return { isShallow, resolve: compileCurrent(path, host) };
  const query = compileQuery(text, host);
  const resolve = withDeletion(query, path, host);
  return query.diagnostic ? { isShallow, resolve, diagnostic: query.diagnostic } : { isShallow, resolve };
}

/** `{{@}}`: the same place in `target` when there is one, else in the resource. */
function compileCurrent(path: string, host: EngineHost): (scope: Scope) => Json | EvaluationError {
  const inTarget = withDeletion(compileQuery(leafExpression(path, ['target']), host), path, host);
  const inObject = withDeletion(compileQuery(leafExpression(path, ['request', 'object']), host), path, host);
  return (scope) => (scope.lookup('target') === undefined ? inObject : inTarget)(scope);
}

/** On DELETE every `request.object` in the text of a variable means `request.oldObject`, also inside literals. */
function withDeletion(query: Query, path: string, host: EngineHost): (scope: Scope) => Json | EvaluationError {
  const plain = resolver(query, path);
  if (!query.text.includes('request.object')) return plain;
  let onDelete: ((scope: Scope) => Json | EvaluationError) | undefined;
  return (scope) => {
    if (!scope.isDelete) return plain(scope);
    onDelete ??= resolver(compileQuery(query.text.replaceAll('request.object', 'request.oldObject'), host), path);
    return onDelete(scope);
  };
}

function resolver(query: Query, path: string): (scope: Scope) => Json | EvaluationError {
  return (scope) => {
    const value = query.evaluate(scope);
    if (!(value instanceof EvaluationError)) return value;
    return new EvaluationError(`failed to resolve ${query.text} at path ${path}: ${value.message}`, value.notFound);
  };
}
