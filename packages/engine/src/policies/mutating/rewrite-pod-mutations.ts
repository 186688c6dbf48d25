import { type JsonObject, withMember } from '../../kernel/json.ts';
import type { AutogenConfig } from '../../lang/cel/pod-autogen.ts';
import { readObject, readObjects, readText } from '../../model/read-json.ts';

/**
 * The spec of a policy that mutates Pods as one that mutates the controllers of `config` (kyverno-cel §5.4): match
 * conditions and apply configurations say where the Pod template is. As in Kyverno nothing else is rewritten: neither
 * variables nor JSON patches.
 */
export function rewritePodMutations(spec: JsonObject, config: AutogenConfig): JsonObject {
  const rewrite = (text: string): string => wrapObject(shiftReferences(text, config), config);
  let rewritten = withMember(spec, 'matchConstraints', config.matchConstraints);
  const conditions = readObjects(spec, 'matchConditions');
  if (conditions.length > 0) {
    rewritten = withMember(
      rewritten,
      'matchConditions',
      conditions.map((condition) => withExpression(condition, rewrite)),
    );
  }
  const mutations = readObjects(spec, 'mutations').map((mutation) => {
    const configuration = readObject(mutation, 'applyConfiguration');
    if (!configuration) return mutation;
    return withMember(mutation, 'applyConfiguration', withExpression(configuration, rewrite));
  });
  return mutations.length > 0 ? withMember(rewritten, 'mutations', mutations) : rewritten;
}

function withExpression(holder: JsonObject, rewrite: (text: string) => string): JsonObject {
  const text = readText(holder, 'expression') ?? '';
  return text === '' ? holder : withMember(holder, 'expression', rewrite(text));
}

/** No word has to end where a reference does, as in Kyverno: `object.specX` is rewritten too. */
function shiftReferences(text: string, { specPath, metadataPath }: AutogenConfig): string {
  return text
    .replace(/\b(object|oldObject|Object)\.spec/g, `$1.${specPath}`)
    .replace(/\b(object|oldObject|Object)\.metadata\.(labels|annotations)/g, `$1.${metadataPath}.$2`);
}

/** `Object{…}` with what it holds moved into the Pod template. Texts that start otherwise stay, as in Kyverno. */
function wrapObject(text: string, { specPath }: AutogenConfig): string {
  const trimmed = text.trim();
  const start = /^Object[ \t]*\{/.exec(trimmed)?.[0].length;
  if (start === undefined) return text;
  const end = closingBrace(trimmed, start);
  const content = trimmed.slice(start, end);
  if (end < 0 || content === '') return text;
  const steps = specPath.split('.').slice(0, -1);
  let path = 'Object';
  let opening = 'Object{';
  for (const step of steps) {
    path += `.${step}`;
    opening += `${step}: ${path}{`;
  }
  return `${opening}${content}${'}'.repeat(steps.length + 1)}${trimmed.slice(end + 1)}`;
}

/** Where the brace that was opened before `start` closes; negative when it does not. Braces in texts count, as in Kyverno. */
function closingBrace(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '{') depth += 1;
    if (character !== '}') continue;
    depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}
