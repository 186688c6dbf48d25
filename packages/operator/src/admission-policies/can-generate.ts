import type { PolicyException } from '@vouchsafe/engine';
import { hasWildcard, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { listAt, objectAt, objectsAt, textAt, textsAt } from './read-json.ts';

const SKIP = 'skip generating ValidatingAdmissionPolicy';
const USER_FIELDS = ['roles', 'clusterRoles', 'subjects'] as const;

/**
 * Why no ValidatingAdmissionPolicy can say what a ClusterPolicy says (kyverno-core §1.9), in Kyverno's words; `undefined` when
 * one can.
 */
export function whyNotGenerated(spec: JsonObject, exceptions: readonly PolicyException[]): string | undefined {
  const rules = objectsAt(spec, 'rules');
  const [rule] = rules;
  if (!rule) return `${SKIP}: no rules found.`;
  if (rules.length > 1) return `${SKIP}: multiple rules are not applicable.`;
  return (
    problemOfRule(rule) ??
    problemOfOverrides(objectsAt(spec, 'validationFailureActionOverrides')) ??
    problemOfOverrides(objectsAt(rule, 'validate', 'failureActionOverrides')) ??
    problemOfBlock(objectAt(rule, 'match'), true, 'match block') ??
    problemOfBlock(objectAt(rule, 'exclude'), false, 'exclude block') ??
    first(exceptions.map((exception) => () => problemOfException(exception)))
  );
}

function problemOfRule(rule: JsonObject): string | undefined {
  const cel = objectAt(rule, 'validate', 'cel');
  if (!cel) return `${SKIP} for non CEL rules.`;
  if (memberAt(cel, 'generate') !== true) return `${SKIP}: validate.cel.generate is not set to true.`;
  // Kyverno generates without them, so that more is refused, or less, than the rule says.
  if (listAt(rule, 'context').length > 0) return `${SKIP}: context entries are not applicable.`;
  if (memberAt(rule, 'preconditions') !== undefined) return `${SKIP}: preconditions are not applicable.`;
  return undefined;
}

function problemOfOverrides(overrides: readonly JsonObject[]): string | undefined {
  if (overrides.length > 1) return `${SKIP}: multiple validationFailureActionOverrides are not applicable.`;
  if (overrides.some((one) => listAt(one, 'namespaces').length > 0)) {
    return `${SKIP}: Namespaces in validationFailureActionOverrides is not applicable.`;
  }
  return undefined;
}

function problemOfException({ document }: PolicyException): string | undefined {
  const spec = objectAt(document, 'spec');
  if (objectsAt(spec, 'exceptions').some((one) => listAt(one, 'ruleNames').length > 1)) {
    return `${SKIP}: multiple ruleNames in PolicyException is not applicable.`;
  }
  if ((memberAt(spec, 'conditions') ?? null) !== null) {
    return `${SKIP}: Conditions in PolicyException is not applicable.`;
  }
  return problemOfBlock(objectAt(spec, 'match'), false, "PolicyException's match block");
}

function problemOfBlock(block: JsonObject | undefined, isMatch: boolean, place: string): string | undefined {
  if (!block) return undefined;
  const inline = objectAt(block, 'resources');
  const [any, all] = [objectsAt(block, 'any'), objectsAt(block, 'all')];
  return (
    problemOfUser(block) ??
    (inline ? problemOfResources(inline, isMatch) : undefined) ??
    problemOfFilters(any, isMatch) ??
    (all.length > 1 ? `${SKIP}: multiple 'all' in the ${place} is not applicable.` : problemOfFilters(all, isMatch))
  );
}

function problemOfFilters(filters: readonly JsonObject[], isMatch: boolean): string | undefined {
  const problem = first(
    filters.map((filter) => () => problemOfUser(filter) ?? problemOfResources(objectAt(filter, 'resources'), isMatch)),
  );
  if (problem !== undefined) return problem;
  const has = (name: string) => filters.some((filter) => memberAt(filter, 'resources', name) !== undefined);
  const selects = has('namespaceSelector') || has('selector');
  if (!isMatch) {
    return selects ? `${SKIP}: NamespaceSelector / ObjectSelector in the exclude block is not applicable.` : undefined;
  }
  if (filters.length < 2) return undefined;
  if (selects) {
    return `${SKIP}: NamespaceSelector / ObjectSelector across multiple resources in the match block are not applicable.`;
  }
  // Kyverno takes the last filter's for all.
  return has('namespaces')
    ? `${SKIP}: Namespaces across multiple resources in the match block are not applicable.`
    : undefined;
}

function problemOfUser(block: JsonObject): string | undefined {
  if (USER_FIELDS.every((name) => listAt(block, name).length === 0)) return undefined;
  return `${SKIP}: Roles / ClusterRoles / Subjects in \`any/all\` is not applicable.`;
}

function problemOfResources(resources: JsonObject | undefined, isMatch: boolean): string | undefined {
  const [kinds, namespaces] = [textsAt(resources, 'kinds'), textsAt(resources, 'namespaces')];
  if (!isMatch && kinds.length > 0 && namespaces.length > 0) {
    return `${SKIP}: excluding a resource within a namespace is not applicable.`;
  }
  if (Object.keys(objectAt(resources, 'annotations') ?? {}).length > 0) {
    return `${SKIP}: Annotations in resource description is not applicable.`;
  }
  if ([textAt(resources, 'name'), ...textsAt(resources, 'names')].some(hasWildcard)) {
    return `${SKIP}: wildcards in resource name is not applicable.`;
  }
  if (namespaces.some(hasWildcard)) return `${SKIP}: wildcards in namespace name is not applicable.`;
  return undefined;
}

function first(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const problem = check();
    if (problem !== undefined) return problem;
  }
  return undefined;
}
