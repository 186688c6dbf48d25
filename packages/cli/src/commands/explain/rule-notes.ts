import { type Policy, rulesOf } from '@vouchsafe/engine';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { leftOutContainers } from '../../evaluation/left-out-containers.ts';

type Rule = ReturnType<typeof rulesOf>[number];

const CONTAINERS = 'containers';
/** Where the kinds that run Pods keep the spec of these. */
const POD_SPECS: readonly (readonly string[])[] = [
  ['spec'],
  ['spec', 'template', 'spec'],
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
];
const AUTOGEN = /^autogen-(?:cronjob-)?/;

/**
 * What results do not say of a rule: that its own action is in force and not the policy's, that it leaves containers of
 * this resource out, that its extractors find no image. `name` may be that of a rule autogen made.
 */
export function notesOf(policy: Policy, name: string, resource: JsonObject): readonly string[] {
  if (policy.family !== 'legacy') return [];
  const rule = rulesOf(policy).find((candidate) => candidate.name === name.replace(AUTOGEN, ''));
  if (!rule) return [];
  return [...actionNotes(policy, rule), ...containerNotes(rule, resource), ...extractorNotes(rule, resource)];
}

/** `spec.validationFailureAction` is the default of rules that say nothing themselves (kyverno-core §4.2). */
function actionNotes({ document }: Policy, rule: Rule): readonly string[] {
  const general = memberAt(document, 'spec', 'validationFailureAction');
  const written = memberAt(document, 'spec', 'rules');
  const own = isJsonArray(written) ? written.find((item) => memberAt(item, 'name') === rule.name) : undefined;
  if (typeof general !== 'string') return [];
  return ownActions(own, rule.path).flatMap(([path, action]) =>
    isSameWord(action, general)
      ? []
      : [`${path}: ${action} is in force for this rule, and not spec.validationFailureAction: ${general}`],
  );
}

function ownActions(rule: Json | undefined, path: string): readonly (readonly [path: string, action: string])[] {
  const entries = memberAt(rule, 'verifyImages');
  const holders: readonly (readonly [string, Json | undefined])[] = [
    [`${path}.validate`, memberAt(rule, 'validate')],
    ...(isJsonArray(entries) ? entries.map((entry, index) => [`${path}.verifyImages[${index}]`, entry] as const) : []),
  ];
  return holders.flatMap(([place, holder]) => {
    const action = memberAt(holder, 'failureAction');
    return typeof action === 'string' ? [[`${place}.failureAction`, action] as const] : [];
  });
}

function isSameWord(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** A `foreach` over the containers alone, about a resource that has others. */
function containerNotes(rule: Rule, resource: JsonObject): readonly string[] {
  const { lists, fields } = leftOutContainers(rule);
  return fields.flatMap((field) => {
    const names = namesOf(field, resource);
    if (names.length === 0) return [];
    const shown = names.map((name) => `\`${name}\``).join(', ');
    return [`foreach over \`${lists.join('`, `')}\` leaves out ${field} ${shown}: name them in the list as well`];
  });
}

function namesOf(field: string, resource: JsonObject): readonly string[] {
  return POD_SPECS.flatMap((path) => {
    const list = memberAt(resource, ...path, field);
    return isJsonArray(list) ? list.flatMap((item) => String(memberAt(item, 'name') ?? '')) : [];
  });
}

/** Extractors lead to where the resource has nothing, or are about other kinds: the rule then says nothing of it. */
function extractorNotes({ imageExtractors, verifyImages }: Rule, resource: JsonObject): readonly string[] {
  if (!imageExtractors || verifyImages.length === 0) return [];
  const kind = String(resource['kind'] ?? '');
  const extractors = member(imageExtractors, kind);
  if (!isJsonArray(extractors)) {
    const kinds = Object.keys(imageExtractors).join('`, `');
    return POD_SPECS.some((path) => memberAt(resource, ...path, CONTAINERS) !== undefined)
      ? []
      : [`imageExtractors has \`${kinds}\`, not \`${kind}\`: no image is found, and none verified`];
  }
  const paths = extractors.filter(isJsonObject).map((extractor) => pathOf(extractor));
  if (paths.some((path) => reaches(resource, path))) return [];
  return [
    `imageExtractors.${kind}: nothing is at \`/${paths.map((path) => path.join('/')).join('`, `/')}\`: no image is found, and none verified`,
  ];
}

function pathOf(extractor: JsonObject): readonly string[] {
  const text = (key: string) => String(member(extractor, key) ?? '');
  const fields = text('path')
    .split('/')
    .map((field) => field.trim());
  return [...fields, text('value')].filter((field) => field !== '');
}

function reaches(node: Json | undefined, [field, ...rest]: readonly string[]): boolean {
  if (node === undefined || node === null) return false;
  if (field === undefined) return true;
  if (field === '*') return typeof node === 'object' && Object.values(node).some((value) => reaches(value, rest));
  return reaches(memberAt(node, field), rest);
}
