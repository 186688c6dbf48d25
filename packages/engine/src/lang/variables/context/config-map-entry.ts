import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { isJsonObject, type Json, member } from '../../../kernel/json.ts';
import { type EntryCompilation, type EntryLoader, namespaceOfPolicy } from './entry-loader.ts';
import { compileEntryText, goTypeOf } from './entry-text.ts';

/** `configMap`: `{data, metadata}` of a ConfigMap; a namespaced policy reads its own namespace only (§2.4). */
export function compileConfigMapEntry({ name, block, policy, tools }: EntryCompilation): EntryLoader {
  const field = (key: 'name' | 'namespace') => {
    const where = `failed to substitute variables in context ${name} configMap.${key} ${String(member(block, key) ?? '')}`;
    return compileEntryText(block, key, tools, {
      failed: (reason) => `${where}: ${reason}`,
      notText: (found) => `${where}: expected string, got ${goTypeOf(found)}`,
    });
  };
  const mapName = field('name');
  const mapNamespace = field('namespace');
  const own = namespaceOfPolicy(policy);
  const fail = (reason: string) =>
    new EvaluationError(`failed to retrieve config map for context entry ${name}: ${reason}`);
  return {
    replaces: false,
    load: (scope, facts) => {
      const wanted = mapName.evaluate(scope);
      if (wanted instanceof EvaluationError) return fail(wanted.message);
      const given = mapNamespace.evaluate(scope);
      if (given instanceof EvaluationError) return fail(given.message);
      const namespace = given || own || 'default';
      if (own !== '' && namespace !== own) {
        return fail(
          `context entry ${name}: configMap namespace "${namespace}" is different from policy namespace "${own}"`,
        );
      }
      const fact = facts.get({ kind: 'config-map', namespace, name: wanted });
      return fact.ok
        ? dataAndMetadata(fact.value)
        : fail(`failed to get configmap ${namespace}/${wanted} : ${fact.message}`);
    },
  };
}

function dataAndMetadata(value: Json): Json {
  if (!isJsonObject(value)) return { data: null, metadata: {} };
  return { data: member(value, 'data') ?? null, metadata: member(value, 'metadata') ?? {} };
}
