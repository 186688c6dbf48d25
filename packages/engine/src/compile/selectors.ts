import { hasWildcard } from '../kernel/wildcard.ts';
import { compileKinds, parseKindSelector } from '../match/kind-selector.ts';
import type { Phase, ResourceSelector } from '../model/compiled-policy.ts';
import type { MatchResources, ResourceFilter, Rule } from '../model/policy.ts';
import type { EvaluationRequest, Operation } from '../model/request.ts';

const EVERYTHING = ['*/*'];

/**
 * Which requests can concern a rule, as data: for the index and for webhook configurations. Never narrower than the
 * rule's match; `all` filters count as alternatives, as in Kyverno's webhooks.
 */
export function toSelectors(rule: Rule, phases: ReadonlySet<Phase>): ResourceSelector[] {
  return filtersOf(rule.match).flatMap(({ kinds, operations }) =>
    (kinds.length > 0 ? kinds : EVERYTHING).map((kind) => {
      // What is generated goes with its trigger, whatever the rule leaves out.
      const excludedOperations = phases.has('generate') ? [] : excludedFor(kind, rule.exclude);
      const selector = { ...parseKindSelector(kind), operations, phases };
      return excludedOperations.length > 0 ? { ...selector, excludedOperations } : selector;
    }),
  );
}

/** Those of `exclude` filters that ask for nothing else, for all kinds or this one. */
function excludedFor(kind: string, exclude: MatchResources | undefined): readonly Operation[] {
  const filters = exclude ? filtersOf(exclude) : [];
  if (exclude && exclude.any.length === 0 && filters.length > 1) return []; // all of them must hold
  return filters.flatMap(({ kinds, operations, ...rest }) =>
    (kinds.length === 0 || kinds.includes(kind)) && asksNothing(rest) ? operations : [],
  );
}

function asksNothing(filter: Omit<ResourceFilter, 'kinds' | 'operations'>): boolean {
  return Object.values(filter).every(
    (part) => part === undefined || part === '' || (typeof part === 'object' && Object.keys(part).length === 0),
  );
}

export function selectorsOf(match: MatchResources, phases: ReadonlySet<Phase>): ResourceSelector[] {
  return filtersOf(match).flatMap(({ kinds, operations }) =>
    (kinds.length > 0 ? kinds : EVERYTHING).map((kind) => ({ ...parseKindSelector(kind), operations, phases })),
  );
}

function filtersOf({ any, all, inline }: MatchResources): readonly ResourceFilter[] {
  if (any.length > 0) return any;
  if (all.length > 0) return all;
  return inline ? [inline] : [];
}

/** The only kinds a match can be about, `undefined` when that cannot be told: a filter without kinds, or wildcards. */
export function literalKinds(rule: Rule): ReadonlySet<string> | undefined {
  const filters = filtersOf(rule.match);
  const kinds = filters.flatMap((filter) => filter.kinds).map((text) => parseKindSelector(text).kind);
  if (kinds.some(hasWildcard) || filters.some((filter) => filter.kinds.length === 0)) return undefined;
  return new Set(kinds);
}

/** The cheap gate before any rule: some selector of the phase selects kind and operation. */
export function compileSelectors(
  rules: readonly { readonly rule: Rule; readonly phases: ReadonlySet<Phase> }[],
): (request: EvaluationRequest, phase: Phase) => boolean {
  const gates = rules.flatMap(({ rule, phases }) =>
    filtersOf(rule.match).map(({ kinds, operations }) => ({
      phases,
      operations,
      selects: compileKinds(kinds.length > 0 ? kinds : EVERYTHING, { ephemeralContainers: true }),
    })),
  );
  return (request, phase) => {
    for (const { phases, operations, selects } of gates) {
      if (!phases.has(phase)) continue;
      if (operations.length > 0 && !operations.includes(request.operation)) continue;
      if (selects(request.kind, request.subresource)) return true;
    }
    return false;
  };
}
