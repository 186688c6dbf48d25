import type { JsonObject } from '../../kernel/json.ts';
import { readObject, readObjects, readText } from '../../model/read-json.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

/** A generate rule of a namespaced policy writes to and copies from its own namespace alone. */
export function checkGenerate(generate: JsonObject, { path, namespace }: RulePlace, problems: Problems): void {
  if (namespace === undefined) return;
  const parts = [
    { part: generate, at: `${path}.generate` },
    ...readObjects(generate, 'foreach').map((part, index) => ({ part, at: `${path}.generate.foreach[${index}]` })),
  ];
  for (const { part, at } of parts) {
    checkNamespace(part, 'generate resources in', at, namespace, problems);
    for (const source of ['clone', 'cloneList'] as const) {
      checkNamespace(readObject(part, source), 'clone resources to or from', `${at}.${source}`, namespace, problems);
    }
  }
}

function checkNamespace(
  holder: JsonObject | undefined,
  does: string,
  path: string,
  expected: string,
  problems: Problems,
): void {
  const given = readText(holder, 'namespace') ?? '';
  // What variables come to is seen when the rule runs, which then refuses.
  if (given === '' || given === expected || given.includes('{{')) return;
  const message = `a namespaced policy cannot ${does} other namespaces, expected: ${expected}, received: ${given}`;
  problems.error(`${path}.namespace`, message, 'policy-conflict');
}
