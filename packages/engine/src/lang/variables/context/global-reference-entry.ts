import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { applyPath } from './apply-path.ts';
import type { EntryCompilation, EntryLoader } from './entry-loader.ts';
import { compileEntryText } from './entry-text.ts';

/** `globalReference`: the data of a GlobalContextEntry, or of one of its projections `name.projection` (§2.4). */
export function compileGlobalReferenceEntry({ name, block, tools }: EntryCompilation): EntryLoader {
  const describe = {
    failed: (reason: string) => reason,
    notText: () => `the fields of context entry ${name} must be strings`,
  };
  const entryName = compileEntryText(block, 'name', tools, describe);
  const path = compileEntryText(block, 'jmesPath', tools, describe, 'answer-expression');
  const fail = (reason: string) =>
    new EvaluationError(`failed to marshal APICall data for context entry ${name}: ${reason}`);
  return {
    replaces: false,
    load: (scope, facts) => {
      const wanted = entryName.evaluate(scope);
      if (wanted instanceof EvaluationError) return fail(wanted.message);
      const query = path.evaluate(scope);
      if (query instanceof EvaluationError) return fail(query.message);
      const [entry = '', projection = ''] = wanted.split('.');
      const fact = facts.get({ kind: 'global-context', name: entry, ...(projection === '' ? {} : { projection }) });
      if (!fact.ok) return fail(fact.class === 'not-found' ? `failed to fetch entry key=${entry}` : fact.message);
      if (query === '') return fact.value;
      const result = applyPath(query, fact.value, tools.host, scope.now);
      if (!(result instanceof EvaluationError)) return result;
      return fail(`failed to apply JMESPath ${query} for context entry ${name}: ${result.message}`);
    },
  };
}
