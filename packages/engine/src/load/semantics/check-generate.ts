import { isJsonObject, type JsonObject, member } from '../../kernel/json.ts';
import { hasWildcard } from '../../kernel/wildcard.ts';
import { readList, readObject, readObjects, readText } from '../../model/read-json.ts';
import { checkNoAnchors } from './check-anchors.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

/** The body of a generate rule (upstream's `Generation.Validate`). */
export function checkGenerate(generate: JsonObject, place: RulePlace, problems: Problems): void {
  const path = `${place.path}.generate`;
  const given = ['data', 'clone', 'foreach'].filter((key) => isGiven(generate, key)).length;
  if (given + Number(isGiven(readObject(generate, 'cloneList'), 'kinds')) > 1) {
    const message = 'only one of generate patterns(data, clone, cloneList and foreach) can be specified';
    problems.error(path, message, 'policy-conflict');
    return;
  }
  const each = readObjects(generate, 'foreach').map((part, index) => ({ part, at: `${path}.foreach[${index}]` }));
  for (const { part, at } of each.length > 0 ? each : [{ part: generate, at: path }]) {
    checkTarget(part, at, problems);
    checkNoAnchors(member(part, 'data'), `${at}.data`, problems);
    checkNamespaces(part, at, place.namespace, problems);
  }
}

function checkTarget(part: JsonObject, path: string, problems: Problems): void {
  const list = readObject(part, 'cloneList');
  if (hasWildcard(JSON.stringify(member(list ?? {}, 'selector') ?? null))) {
    problems.error(`${path}.cloneList.selector`, 'wildcard characters `*/?` not supported', 'policy-unsupported');
  }
  if (readList(list, 'kinds').length > 0) return;
  for (const key of ['kind', 'name', 'apiVersion']) {
    if (!readText(part, key)) problems.error(`${path}.${key}`, `${key} can not be empty`, 'policy-missing-field');
  }
}

function isGiven(object: JsonObject | undefined, key: string): boolean {
  const value = member(object ?? {}, key) ?? null;
  return value !== null && !(isJsonObject(value) && Object.keys(value).length === 0);
}

/** A rule of a namespaced policy writes to and copies from its own namespace alone. */
function checkNamespaces(part: JsonObject, path: string, namespace: string | undefined, problems: Problems): void {
  if (namespace === undefined) return;
  checkNamespace(part, 'generate resources in', path, namespace, problems);
  for (const source of ['clone', 'cloneList'] as const) {
    checkNamespace(readObject(part, source), 'clone resources to or from', `${path}.${source}`, namespace, problems);
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
