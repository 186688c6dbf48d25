import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { RuleMessage } from './check.ts';

/** `validation error: <message>. rule <rule> failed at path <path>`, as Kyverno words it (kyverno-core §2.9). */
export function patternFailure(message: RuleMessage, scope: Scope, ruleName: string, path: string): string {
  return worded(message, scope, ruleName, `rule ${ruleName} failed at path ${path}`, '');
}

export function patternError(message: RuleMessage, scope: Scope, ruleName: string, reason: string): string {
  return worded(message, scope, ruleName, `rule ${ruleName} execution error: ${reason}`, reason);
}

/** The failures of anyPattern, joined already. */
export function anyPatternFailure(message: RuleMessage, scope: Scope, ruleName: string, failures: string): string {
  return worded(message, scope, ruleName, failures, failures);
}

function worded(message: RuleMessage, scope: Scope, ruleName: string, what: string, reason: string): string {
  if (message.source === '') return `validation error: ${what}`;
  const text = message.template.evaluate(scope);
  if (text instanceof EvaluationError) {
    return `validation error: variables substitution error in rule ${ruleName} execution error: ${reason || what}`;
  }
  const sentence = typeof text === 'string' ? text : JSON.stringify(text);
  return `validation error: ${sentence.endsWith('.') ? sentence : `${sentence}.`} ${what}`;
}
