import { isEqualJson, type JsonObject, member } from '../../kernel/json.ts';
import { hasWildcard } from '../../kernel/wildcard.ts';
import { readObject, readObjects, readText, readTextMap, readTexts } from '../../model/read-json.ts';
import { checkKinds } from './check-kinds.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

/** `match` and `exclude` of a rule (kyverno-core §4.4.5, §4.4.9, §4.4.10). */
export function checkMatch(rule: JsonObject, place: RulePlace, problems: Problems): void {
  const match = readObject(rule, 'match') ?? {};
  const exclude = readObject(rule, 'exclude');
  checkBlock(match, `${place.path}.match`, 'match', place, problems);
  if (exclude) checkBlock(exclude, `${place.path}.exclude`, 'exclude', place, problems);
  if (exclude && isEmptySet(match, exclude)) {
    problems.error(place.path, 'Rule is matching an empty set', 'policy-conflict');
  }
  checkKinds(rule, place, problems);
}

function checkBlock(block: JsonObject, path: string, part: string, place: RulePlace, problems: Problems): void {
  const filters = (['any', 'all'] as const).flatMap((mode) =>
    readObjects(block, mode).map((filter, index) => ({ filter, path: `${path}.${mode}[${index}]` })),
  );
  if (filters.length > 0 && Object.keys(readObject(block, 'resources') ?? {}).length > 0) {
    problems.error(path, `can't specify any/all together with ${part} resources`, 'policy-conflict');
  }
  for (const entry of [{ filter: block, path }, ...filters]) checkFilter(entry.filter, entry.path, place, problems);
}

function checkFilter(filter: JsonObject, path: string, place: RulePlace, problems: Problems): void {
  checkUserInfo(filter, path, place, problems);
  const resources = readObject(filter, 'resources');
  const selector = readObject(resources, 'selector');
  if (selector && isSelectorEmpty(selector)) {
    problems.error(`${path}.resources.selector`, 'The requirements are not specified in selector');
  }
  if (place.kind === 'Policy' && readTexts(resources, 'namespaces').length > 0) {
    const message = 'Filtering namespaces not allowed in namespaced policies';
    problems.error(`${path}.resources.namespaces`, message);
  }
}

function isSelectorEmpty(selector: JsonObject): boolean {
  const labels = Object.entries(readTextMap(selector, 'matchLabels'));
  if (labels.some(([key, value]) => hasWildcard(key) || hasWildcard(value))) return false;
  return labels.length === 0 && readObjects(selector, 'matchExpressions').length === 0;
}

const SUBJECT_KINDS = ['User', 'Group', 'ServiceAccount'];

function checkUserInfo(filter: JsonObject, path: string, { background }: RulePlace, problems: Problems): void {
  for (const [index, role] of readTexts(filter, 'roles').entries()) {
    if (role.split(':').length !== 2) {
      problems.error(`${path}.roles[${index}]`, 'Role is expected to be in namespace:name format');
    }
  }
  for (const [index, subject] of readObjects(filter, 'subjects').entries()) {
    const place = `${path}.subjects[${index}]`;
    const kind = readText(subject, 'kind') ?? '';
    if (!SUBJECT_KINDS.includes(kind))
      problems.error(`${place}.kind`, "kind must be 'User', 'Group', or 'ServiceAccount'");
    if (kind === 'ServiceAccount' && !readText(subject, 'namespace')) {
      problems.error(`${place}.namespace`, 'namespace is required when Kind is ServiceAccount', 'policy-missing-field');
    }
  }
  if (!background) return;
  for (const key of ['roles', 'clusterRoles', 'subjects'] as const) {
    const value = member(filter, key);
    if (!Array.isArray(value) || value.length === 0) continue;
    const place = `${path}.${key}`;
    problems.error(
      place,
      backgroundMessage(`invalid variable used at path: ${place.replaceAll('.', '/')}`),
      'policy-conflict',
    );
  }
}

function backgroundMessage(reason: string): string {
  return `only select variables are allowed in background mode. Set spec.background=false to disable background mode for this policy rule: ${reason} `;
}

/** Whether some filter of `exclude.any` equals one of `match.any`, or the inline blocks are the same. */
function isEmptySet(match: JsonObject, exclude: JsonObject): boolean {
  if (readObjects(match, 'all').length > 0 || readObjects(exclude, 'all').length > 0) return false;
  const wanted = readObjects(match, 'any');
  const unwanted = readObjects(exclude, 'any');
  if (wanted.length > 0 && unwanted.length > 0) {
    return wanted.some((filter) => unwanted.some((other) => isEqualJson(filter, other)));
  }
  if (wanted.length > 0 || unwanted.length > 0) return false;
  return Object.keys(exclude).length > 0 && isEqualJson(match, exclude);
}
