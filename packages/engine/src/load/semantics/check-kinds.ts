import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../kernel/json.ts';
import { readObject, readObjects, readTexts } from '../../model/read-json.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

const NO_KIND =
  'at least one element must be specified in a kind block, the kind attribute is mandatory when working with the resources element';
const METADATA_ONLY =
  'policy can only deal with the metadata field of the resource if the rule does not match any kind';
const BACKGROUND =
  'wildcard policy not allowed in background mode. Set spec.background=false to disable background mode for this policy rule ';

/** The kinds of `match` and `exclude` (kyverno-core §4.4.9), as far as they can be judged without a cluster. */
export function checkKinds(rule: JsonObject, place: RulePlace, problems: Problems): void {
  for (const { filter, path } of filtersOf(rule, 'match', place)) {
    const kinds = kindsOf(filter);
    if (kinds.length === 0) problems.error(path, NO_KIND, 'policy-missing-field');
    checkList(kinds, `${path}.resources.kinds`, rule, place, problems);
  }
  for (const { filter, path } of filtersOf(rule, 'exclude', place)) {
    checkList(kindsOf(filter), `${path}.resources.kinds`, rule, place, problems);
  }
}

interface PlacedFilter {
  readonly filter: JsonObject;
  readonly path: string;
}

function filtersOf(rule: JsonObject, part: 'match' | 'exclude', { path }: RulePlace): readonly PlacedFilter[] {
  const block = readObject(rule, part);
  if (!block) return [];
  for (const mode of ['any', 'all'] as const) {
    const filters = readObjects(block, mode);
    if (filters.length > 0) return filters.map((filter, at) => ({ filter, path: `${path}.${part}.${mode}[${at}]` }));
  }
  return [{ filter: block, path: `${path}.${part}` }];
}

function kindsOf(filter: JsonObject): readonly string[] {
  return readTexts(readObject(filter, 'resources'), 'kinds');
}

function checkList(
  kinds: readonly string[],
  path: string,
  rule: JsonObject,
  { background }: RulePlace,
  problems: Problems,
): void {
  if (kinds.includes('*')) {
    if (background) problems.error(path, BACKGROUND, 'policy-conflict');
    if (kinds.length > 1)
      problems.error(path, 'wildcard policy can not deal with more than one kind', 'policy-conflict');
    checkWildcardRule(rule, path, problems);
    return;
  }
  const subresource = kinds.find(namesSubresource);
  if (subresource && background && readObject(rule, 'validate')) {
    problems.error(path, `background scan enabled with subresource ${subresource}`, 'policy-conflict');
  }
}

/** `Pod/status`, `v1/Pod.status`, `apps/v1/Deployment/scale`; kinds that are subresources by themselves need discovery. */
function namesSubresource(kind: string): boolean {
  const segments = kind.split('/');
  const parts = [...segments.slice(0, -1), ...(segments.at(-1) ?? '').split('.')];
  const isVersioned = /^(v\d+((alpha|beta)\d+)?|\*)$/.test(parts[0] ?? '');
  if (parts.length === 2)
    return parts[0] === '*' ? parts[1] === '*' || parts[1] === parts[1]?.toLowerCase() : !isVersioned;
  return parts.length === 4 || (parts.length === 3 && isVersioned);
}

function checkWildcardRule(rule: JsonObject, path: string, problems: Problems): void {
  const validate = readObject(rule, 'validate');
  const mutate = readObject(rule, 'mutate');
  const isUnsupported =
    readObject(rule, 'generate') !== undefined ||
    readObjects(rule, 'verifyImages').length > 0 ||
    readObjects(validate, 'foreach').length > 0;
  if (isUnsupported) problems.error(path, 'wildcard policy does not support rule type', 'policy-conflict');
  const bodies = [
    member(validate ?? {}, 'pattern'),
    member(mutate ?? {}, 'patchStrategicMerge'),
    ...anyPatterns(validate),
  ];
  if (!bodies.every(isMetadataOnly)) problems.error(path, METADATA_ONLY, 'policy-conflict');
}

function anyPatterns(validate: JsonObject | undefined): readonly Json[] {
  const patterns = member(validate ?? {}, 'anyPattern');
  return isJsonArray(patterns) ? patterns : [];
}

function isMetadataOnly(body: Json | undefined): boolean {
  return !isJsonObject(body) || Object.keys(body).every((key) => key === 'metadata');
}
