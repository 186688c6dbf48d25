import { CelError } from '@vouchsafe/cel';
import { memberAt } from '../../kernel/json.ts';
import { type PolicyLanguage, type PolicyScope, WANT_BOOL } from '../../lang/cel/policy-language.ts';
import { compileResourceTemplate, type ResourceTemplate } from '../../lang/template/compile-resource-template.ts';
import type { CelPolicy } from '../../model/cel-policy.ts';
import type { PolicyRef } from '../../model/decision.ts';
import { readObject, readObjects, readText } from '../../model/read-json.ts';
import type { Generator } from './generated-objects.ts';

/** One of `spec.generate`: tells the generator what ought to exist; an error ends the evaluation. */
export type GenerateEntry = (scope: PolicyScope, generator: Generator) => CelError | undefined;

/** Those that do not compile are reported and left out. */
export function compileGenerateEntries(policy: CelPolicy, language: PolicyLanguage): readonly GenerateEntry[] {
  const { written } = policy.spec;
  return readObjects(written, 'generate').flatMap((item, index) => {
    const path = `spec.generate[${index}]`;
    const expression = readText(item, 'expression') ?? '';
    const template = readObject(item, 'template');
    if ((expression === '') === (template === undefined)) {
      const message =
        expression === ''
          ? 'one of expression or template must be set'
          : 'only one of expression or template may be set';
      language.report({ code: 'policy-conflict', severity: 'error', message, path });
      return [];
    }
    if (template === undefined) return compileExpressionEntry(expression, `${path}.expression`, language);
    const compiled = compileResourceTemplate(readText(template, 'value') ?? '', {
      interpolates: readText(template, 'interpolate') === 'cel',
      compile: (text) => language.compile(text, `${path}.template.value`),
      problem: (message) =>
        language.report({ code: 'policy-invalid-value', severity: 'error', message, path: `${path}.template.value` }),
    });
    return compiled ? [createTemplateEntry(compiled, policy.ref)] : [];
  });
}

/** What counts is what it tells the generator on the way; its value is ignored. */
function compileExpressionEntry(text: string, path: string, language: PolicyLanguage): readonly GenerateEntry[] {
  const compiled = language.compile(text, path, WANT_BOOL);
  if (!compiled) return [];
  return [
    (scope) => {
      const value = compiled.evaluate(scope);
      return value instanceof CelError ? value : undefined;
    },
  ];
}

function createTemplateEntry({ render }: ResourceTemplate, policy: PolicyRef): GenerateEntry {
  return (scope, generator) => {
    const objects = render(scope);
    if (objects instanceof CelError) return objects;
    for (const object of objects) {
      const written = memberAt(object, 'metadata', 'namespace');
      const namespace = typeof written === 'string' ? written : '';
      if (policy.namespace !== undefined && namespace !== '' && namespace !== policy.namespace) {
        const denied = `a policy in namespace "${policy.namespace}" cannot generate resources into namespace "${namespace}"`;
        return new CelError(`cross-namespace generation denied: ${denied}`);
      }
      const problem = generator.apply(namespace, [object]);
      if (problem instanceof CelError) return problem;
    }
    return undefined;
  };
}
