import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { appendDocumentPath } from '../../kernel/json-path.ts';
import { readObjects, readText } from '../../model/read-json.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

/**
 * Variables of a rule (kyverno-core §4.4.4): none in match and exclude, none about the user in a policy that also runs in
 * the background. A variable that nothing defines is a warning here; Kyverno's own check stops at the first it meets.
 */
export function checkVariables(rule: JsonObject, place: RulePlace, problems: Problems): void {
  for (const part of ['match', 'exclude'] as const) {
    if (findVariables(member(rule, part)).length === 0) continue;
    const message = `policy contains invalid variables: rule "${place.name}" should not have variables in ${part} section`;
    problems.error(`${place.path}.${part}`, message, 'variable-not-allowed');
  }
  const found = findVariables(rule, place.path);
  const mutatesExisting = readObjects(asObject(member(rule, 'mutate')), 'targets').length > 0;
  if (mutatesExisting) forbidEarlyTargets(found, place, problems);
  if (place.background && !mutatesExisting) forbidUserVariables(found, problems);
  warnUndefined(rule, found, place, problems);
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

interface FoundVariable {
  readonly path: string;
  /** With its braces. */
  readonly text: string;
}

/** Most variables looked at in one rule. */
const VARIABLES = 1000;

function findVariables(value: Json | undefined, path = '', found: FoundVariable[] = []): FoundVariable[] {
  if (found.length >= VARIABLES) return found;
  if (typeof value === 'string') {
    for (const text of variablesOf(value)) found.push({ path, text });
  } else if (isJsonArray(value)) {
    for (const [index, item] of value.entries()) findVariables(item, appendDocumentPath(path, index), found);
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const inner = appendDocumentPath(path, key);
      findVariables(key, inner, found);
      findVariables(item, inner, found);
    }
  }
  return found;
}

/** The texts from `{{` to the matching `}}`, escaped ones (`\{{`) left out. */
function variablesOf(text: string): string[] {
  const found: string[] = [];
  let at = text.indexOf('{{');
  while (at >= 0) {
    const end = text.indexOf('}}', at + 2);
    if (end < 0) break;
    if (text[at - 1] !== '\\') found.push(text.slice(at, end + 2));
    at = text.indexOf('{{', end + 2);
  }
  return found;
}

const USER_VARIABLE =
  /[^.](serviceAccountName|serviceAccountNamespace|request\.userInfo|request\.roles|request\.clusterRoles)\b/;

function forbidUserVariables(found: readonly FoundVariable[], problems: Problems): void {
  for (const { path, text } of found) {
    if (!USER_VARIABLE.test(text)) continue;
    const message = `only select variables are allowed in background mode. Set spec.background=false to disable background mode for this policy rule: variable ${text} is not allowed `;
    problems.error(path, message, 'variable-not-allowed');
    return;
  }
}

const EARLY = /^\.(context|preconditions)\b|^\.mutate\.targets\[\d+\]\.(apiVersion|kind|namespace|name|uid|selector)\b/;
const TARGET_VARIABLE = /^\{\{\s*-?\s*target\b(?!.*request)/;

/** `target` stands for nothing while a rule decides whether it runs, and which targets it has. */
function forbidEarlyTargets(found: readonly FoundVariable[], { path: rulePath }: RulePlace, problems: Problems): void {
  for (const { path, text } of found) {
    if (!path.startsWith(rulePath) || !EARLY.test(path.slice(rulePath.length)) || !TARGET_VARIABLE.test(text)) continue;
    const message = `policy contains invalid variables: variable ${text} is known in the context, the preconditions and the mutation of targets alone`;
    problems.error(path, message, 'variable-not-allowed');
  }
}

/** Upstream's list of what any query may hold; it is not anchored, so any text with one of these passes. */
const KNOWN =
  /request|serviceAccountName|serviceAccountNamespace|element|elementIndex|@|images|image|target|[a-z_0-9]+\(/;

function warnUndefined(
  rule: JsonObject,
  found: readonly FoundVariable[],
  { name }: RulePlace,
  problems: Problems,
): void {
  const entries = contextNames(rule);
  const known = (text: string): boolean => {
    const query = text.slice(2, -2).trim().replace(/^-\s*/, '');
    return query === '' || query.includes('{{') || KNOWN.test(query) || entries.some((entry) => query.includes(entry));
  };
  const attested = /\.verifyImages\[\d+\]\.(attestations|validate)\b/;
  for (const { path, text } of found) {
    if (known(text) || attested.test(path)) continue;
    const message = `variable \`${text}\` is not defined in rule \`${name}\``;
    problems.warning(path, message, 'variable-not-allowed', 'define it as a context entry of the rule');
  }
}

/** The names of all context entries, of foreach blocks and targets too. */
function contextNames(value: Json, names: string[] = []): string[] {
  if (isJsonArray(value)) {
    for (const item of value) contextNames(item, names);
  } else if (isJsonObject(value)) {
    for (const entry of readObjects(value, 'context')) {
      const name = readText(entry, 'name');
      if (name) names.push(name);
    }
    for (const item of Object.values(value)) contextNames(item, names);
  }
  return names;
}
