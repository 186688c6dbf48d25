import type { RegistryAccess } from '../../../facts/fact-request.ts';
import { namedSecrets } from '../../../facts/named-secrets.ts';
import { EvaluationError } from '../../../kernel/evaluation-error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import { formatGoValue } from '../../jmespath/go-value.ts';
import { applyPath } from './apply-path.ts';
import type { EntryCompilation, EntryLoader } from './entry-loader.ts';
import { compileEntryText } from './entry-text.ts';

/** `imageRegistry`: manifest, configuration and names of an image (kyverno-core §2.4). */
export function compileImageRegistryEntry({ name, block, tools }: EntryCompilation): EntryLoader {
  const substitution = (field: string) => (reason: string) =>
    `failed to substitute variables in context entry ${name} ${String(member(block, field) ?? '')}: ${reason}`;
  const reference = compileEntryText(block, 'reference', tools, {
    failed: substitution('reference'),
    notText: (found) => `invalid image reference ${formatGoValue(found)}, image reference must be a string`,
  });
  const path = compileEntryText(
    block,
    'jmesPath',
    tools,
    {
      failed: substitution('jmesPath'),
      notText: () => `the jmesPath of context entry ${name} must be a string`,
    },
    'answer-expression',
  );
  const access = readAccess(member(block, 'imageRegistryCredentials'));
  return {
    replaces: false,
    load: (scope, facts) => {
      const image = reference.evaluate(scope);
      if (image instanceof EvaluationError) return image;
      const wanted = path.evaluate(scope);
      if (wanted instanceof EvaluationError) return wanted;
      const fact = facts.get({ kind: 'image-data', reference: image, access });
      if (!fact.ok) {
        return new EvaluationError(`failed to fetch image descriptor: ${image}, error: ${fact.message}`);
      }
      if (wanted === '') return fact.value;
      const result = applyPath(wanted, fact.value, tools.host, scope.now);
      if (!(result instanceof EvaluationError)) return result;
      return new EvaluationError(
        `failed to apply JMESPath (${path.source}) results to context entry ${name}, error: ${result.message}`,
      );
    },
  };
}

function readAccess(credentials: Json | undefined): RegistryAccess {
  const given: JsonObject = isJsonObject(credentials) ? credentials : {};
  return {
    allowInsecure: member(given, 'allowInsecureRegistry') === true,
    providers: textsOf(member(given, 'providers')),
    secrets: namedSecrets(textsOf(member(given, 'secrets')), undefined),
  };
}

function textsOf(value: Json | undefined): readonly string[] {
  return isJsonArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
