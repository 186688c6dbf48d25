import { EvaluationError } from '../../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { compileConditions } from '../../lang/conditions/compile-conditions.ts';
import { compileContext } from '../../lang/variables/compile-context.ts';
import { compileQuery } from '../../lang/variables/query.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { RuleCompilation } from '../rule-kind.ts';
import { compileBlock, type Generated, type Generation } from './compile-block.ts';

interface Loop {
  readonly list: (scope: Scope) => Json | EvaluationError;
  readonly generateElement: Generation;
}

/** `generate.foreach`: every element of every list; what fails for one does not stop the others (kyverno-core §1.7.3). */
export function compileForeachGeneration(
  blocks: readonly JsonObject[],
  compilation: RuleCompilation,
  path: string,
): Generation {
  const loops = blocks.map((block, index) => compileLoop(block, compilation, appendDocumentPath(path, index)));
  return (scope, input) => {
    const objects: JsonObject[] = [];
    const errors: string[] = [];
    for (const [index, loop] of loops.entries()) {
      const list = loop.list(scope);
      if (list instanceof EvaluationError) {
        errors.push(`failed to evaluate ${index} foreach list: ${list.message}`);
        continue;
      }
      const generated = overElements(loop, isJsonArray(list) ? list : [list], scope, input);
      objects.push(...generated.objects);
      errors.push(...generated.errors);
    }
    return { objects, errors };
  };
}

function overElements(loop: Loop, elements: readonly Json[], scope: Scope, input: RuleInput): Generated {
  const objects: JsonObject[] = [];
  const errors: string[] = [];
  for (const [index, element] of elements.entries()) {
    if (element === null) continue;
    const variables = { element, elementIndex: index, element0: element, elementIndex0: index };
    const generated = loop.generateElement(scope.with(variables), input);
    objects.push(...generated.objects);
    errors.push(...generated.errors.map((message) => `failed to process ${index} element: ${message}`));
  }
  return { objects, errors };
}

function compileLoop(block: JsonObject, compilation: RuleCompilation, path: string): Loop {
  const { host, report, policy } = compilation;
  const at = (field: string) => ({ host, report, path: appendDocumentPath(path, field) });
  const list = member(block, 'list');
  const entries = member(block, 'context');
  const context = compileContext(isJsonArray(entries) ? entries.filter(isJsonObject) : [], policy.ref, at('context'));
  const preconditions = compileConditions(member(block, 'preconditions'), at('preconditions'));
  const generation = compileBlock(block, compilation, path);
  return {
    list: compileQuery(typeof list === 'string' ? list : '', host).evaluate,
    generateElement: (outer, input) => {
      const scope = context.attach(outer, input.facts);
      const holds = preconditions.evaluate(scope);
      if (holds instanceof EvaluationError) {
        return { objects: [], errors: [`failed to evaluate preconditions: ${holds.message}`] };
      }
      return holds.value ? generation(scope, input) : { objects: [], errors: [] };
    },
  };
}
