import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { compileConditions } from '../../lang/conditions/compile-conditions.ts';
import { compileRefutation } from '../../lang/conditions/refutation.ts';
import { compileTemplate, type Template } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import { type CheckCompilation, type CompiledCheck, erred, passed } from './check.ts';

/** Conditions' texts are part of the policy, so there are few combinations of them. */
const REMEMBERED_MESSAGES = 128;

/** `deny`: fails when its conditions hold; missing or empty conditions do (kyverno-core §2.9). */
export function compileDenyCheck(deny: JsonObject, compilation: CheckCompilation): CompiledCheck {
  const { ruleName, host, report, path } = compilation;
  const conditions = compileConditions(member(deny, 'conditions'), {
    host,
    report,
    path: appendDocumentPath(path, 'deny'),
  });
  const pass = passed(`validation rule '${ruleName}' passed.`);
  const messageOf = compileDenyMessage(compilation);
  const test = compileRefutation(member(deny, 'conditions'));
  return {
    run: ({ scope }) => {
      const outcome = conditions.evaluate(scope);
      if (outcome instanceof EvaluationError) return erred('failed to check deny conditions', outcome);
      return outcome.value ? { status: 'fail', message: messageOf(scope, outcome.messages.join('; ')) } : pass;
    },
    quick: test && { test, outcome: pass },
  };
}

/** The rule's message and those of the conditions, substituted together. */
function compileDenyMessage({ ruleName, host, message }: CheckCompilation): (scope: Scope, reasons: string) => string {
  const templates = new Map<string, Template>();
  return (scope, reasons) => {
    const text = [message.source, reasons].filter((part) => part !== '').join('; ');
    if (text === '') return `validation error: rule ${ruleName} failed`;
    const template = templates.get(text) ?? compileTemplate(text, { host });
    if (templates.size < REMEMBERED_MESSAGES) templates.set(text, template);
    const result = template.evaluate(scope);
    if (result instanceof EvaluationError) return reasons;
    if (typeof result === 'string') return result;
    return "the produced message didn't resolve to a string, check your policy definition.";
  };
}
