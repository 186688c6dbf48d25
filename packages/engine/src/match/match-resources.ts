import type { JsonObject } from '../kernel/json.ts';
import type { MatchResources, ResourceFilter } from '../model/policy.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { type CompiledFilter, compileFilter, type FilterCheck, type FilterUse } from './resource-filter.ts';

/** Whether a rule is about an object. */
export interface MatchPredicate {
  readonly matches: (request: EvaluationRequest, resource: JsonObject) => boolean;
  /** Why it does or does not, for explanations; not used on the request path. */
  readonly explain: (request: EvaluationRequest, resource: JsonObject) => MatchExplanation;
  /** It asks for nothing but operation, kind and subresource: the answer is that of every request of the shape. */
  readonly isOfShape: boolean;
}

export interface MatchExplanation {
  readonly matched: boolean;
  /** The part that decided. */
  readonly step: 'match' | 'exclude';
  /** One line a filter that did not hold, or the filter that excluded. */
  readonly reasons: readonly string[];
}

/**
 * `match` without `exclude` (kyverno-core §2.2). `any` wins over `all`, both over the inline block. A filter that holds
 * nothing never matches; in `match` the part about users is dropped while nobody asks (scans).
 */
export function compileMatch(
  match: MatchResources,
  exclude: MatchResources | undefined,
  use: FilterUse = 'policy',
): MatchPredicate {
  const wanted = compileBlock(match, use, matchFilter);
  const excluded = exclude ? compileBlock(exclude, use, excludeFilter) : undefined;
  return {
    isOfShape: [...wanted.filters, ...(excluded?.filters ?? [])].every(isOfShape),
    matches: (request, resource) => wanted.holds(request, resource) && !excluded?.holds(request, resource),
    explain(request, resource) {
      if (!wanted.holds(request, resource)) {
        return {
          matched: false,
          step: 'match',
          reasons: wanted.filters.flatMap((filter) => whyNot(filter, request, resource)),
        };
      }
      if (excluded?.holds(request, resource)) {
        return { matched: false, step: 'exclude', reasons: [`excluded by ${excluded.describe(request, resource)}`] };
      }
      return { matched: true, step: 'match', reasons: [wanted.describe(request, resource)] };
    },
  };
}

function isOfShape({ checks, user }: CompiledFilter): boolean {
  return user.length === 0 && checks.every((check) => check.ofShape === true);
}

interface Block {
  readonly filters: readonly LabelledFilter[];
  readonly holds: (request: EvaluationRequest, resource: JsonObject) => boolean;
  readonly describe: (request: EvaluationRequest, resource: JsonObject) => string;
}

interface LabelledFilter extends CompiledFilter {
  readonly label: string;
  readonly holds: (request: EvaluationRequest, resource: JsonObject) => boolean;
}

type FilterTest = (filter: CompiledFilter, request: EvaluationRequest, resource: JsonObject) => boolean;

function compileBlock(block: MatchResources, use: FilterUse, test: FilterTest): Block {
  const [mode, sources] = sourcesOf(block);
  const filters = sources.map((source, index): LabelledFilter => {
    const filter = compileFilter(source, use);
    return {
      ...filter,
      label: mode === 'inline' ? 'resources' : `${mode}[${index}]`,
      holds: (request, resource) => test(filter, request, resource),
    };
  });
  const [only] = filters;
  const describe: Block['describe'] = (request, resource) =>
    filters
      .filter(({ holds }) => holds(request, resource))
      .map(({ label }) => `\`${label}\``)
      .join(', ');
  if (filters.length === 1 && only) return { filters, holds: only.holds, describe };
  const holds: Block['holds'] =
    mode === 'all'
      ? (request, resource) => filters.every((filter) => filter.holds(request, resource))
      : (request, resource) => filters.some((filter) => filter.holds(request, resource));
  return { filters, holds, describe };
}

function sourcesOf(block: MatchResources): readonly ['any' | 'all' | 'inline', readonly ResourceFilter[]] {
  if (block.any.length > 0) return ['any', block.any];
  if (block.all.length > 0) return ['all', block.all];
  return ['inline', block.inline ? [block.inline] : []];
}

function matchFilter(filter: CompiledFilter, request: EvaluationRequest, resource: JsonObject): boolean {
  const user = isAsked(request) ? filter.user : NO_CHECKS;
  if (filter.checks.length === 0 && user.length === 0) return false;
  return allHold(filter.checks, request, resource) && allHold(user, request, resource);
}

function excludeFilter(filter: CompiledFilter, request: EvaluationRequest, resource: JsonObject): boolean {
  if (filter.checks.length === 0 && filter.user.length === 0) return false;
  return allHold(filter.checks, request, resource) && allHold(filter.user, request, resource);
}

const NO_CHECKS: readonly FilterCheck[] = [];

/** Somebody asks: there is a user, or at least roles. */
function isAsked(request: EvaluationRequest): boolean {
  return request.user !== undefined || request.roles.length > 0 || request.clusterRoles.length > 0;
}

function allHold(checks: readonly FilterCheck[], request: EvaluationRequest, resource: JsonObject): boolean {
  for (const check of checks) if (!check.holds(request, resource)) return false;
  return true;
}

function whyNot(filter: LabelledFilter, request: EvaluationRequest, resource: JsonObject): string[] {
  if (filter.holds(request, resource)) return [];
  const user = isAsked(request) ? filter.user : NO_CHECKS;
  const failing = [...filter.checks, ...user].filter((check) => !check.holds(request, resource));
  const reasons = failing.map((check) => check.why(request, resource));
  if (reasons.length === 0)
    reasons.push(filter.user.length > 0 ? 'nobody asked: a filter on users alone' : 'the filter is empty');
  return [`\`${filter.label}\`: ${reasons.join('; ')}`];
}
