import { isJsonArray, isJsonObject, type JsonObject, member, memberAt } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import type { Effect } from '../../model/decision.ts';
import type { RuleBody, RuleCompilation, RuleKind } from '../rule-kind.ts';
import { compileBlock, type Generation } from './compile-block.ts';
import { compileForeachGeneration } from './foreach.ts';

/** `generate` rules: objects that ought to exist beside the trigger (kyverno-core §1.7.3, §2.12). */
export const generate: RuleKind = {
  name: 'generate',
  reads: (rule) => rule.generate !== undefined,
  compile: (compilation) => {
    const block = compilation.rule.generate ?? {};
    return createBody(compileGeneration(block, compilation), {
      ...(member(block, 'synchronize') === true ? { synchronize: true } : {}),
      ...(memberAt(compilation.policy.document, 'spec', 'useServerSideApply') === true
        ? { serverSideApply: true }
        : {}),
    });
  },
};

const PHASES: ReadonlySet<Phase> = new Set<Phase>(['generate']);

function compileGeneration(block: JsonObject, compilation: RuleCompilation): Generation {
  const path = appendDocumentPath(compilation.rule.path, 'generate');
  const foreach = member(block, 'foreach');
  if (!isJsonArray(foreach) || foreach.length === 0) return compileBlock(block, compilation, path);
  const blocks = foreach.filter(isJsonObject);
  return compileForeachGeneration(blocks, compilation, appendDocumentPath(path, 'foreach'));
}

type Ways = Pick<Extract<Effect, { kind: 'create' | 'update' }>, 'synchronize' | 'serverSideApply'>;

/** One `create` effect an object, as it ought to be; whether one exists already is the shell's to see. */
function createBody(generation: Generation, ways: Ways): RuleBody {
  return {
    type: 'Generation',
    phases: PHASES,
    evaluate: ({ input, scope }) => {
      const { objects, errors } = generation(scope, input);
      const effects = objects.map((resource): Effect => ({ kind: 'create', resource, ...ways }));
      if (errors.length > 0) return { status: 'error', message: errors.join('; '), effects };
      return { status: 'pass', message: '', effects };
    },
  };
}
