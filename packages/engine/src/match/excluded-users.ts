import type { EvaluationRequest } from '../model/request.ts';
import { compilePart } from './kind-selector.ts';
import type { RequestPredicate } from './resource-filters.ts';

/** The ConfigMap's comma lists; wildcards allowed, entries with `!` in front are never excluded. */
export interface ExcludedUsers {
  readonly excludeUsernames?: string;
  readonly excludeGroups?: string;
  readonly excludeRoles?: string;
  readonly excludeClusterRoles?: string;
}

type Traits = (request: EvaluationRequest) => readonly string[];

const TRAITS: Readonly<Record<keyof ExcludedUsers, Traits>> = {
  excludeUsernames: ({ user }) => (user ? [user.username] : []),
  excludeGroups: ({ user }) => user?.groups ?? [],
  excludeRoles: ({ roles }) => roles,
  excludeClusterRoles: ({ clusterRoles }) => clusterRoles,
};

/** True for a request of a user whom no rule looks at. An inclusion anywhere overrides every exclusion. */
export function compileExcludedUsers(lists: ExcludedUsers): RequestPredicate {
  const exclusions: RequestPredicate[] = [];
  const inclusions: RequestPredicate[] = [];
  for (const key of ['excludeUsernames', 'excludeGroups', 'excludeRoles', 'excludeClusterRoles'] as const) {
    for (const entry of (lists[key] ?? '').split(',').map((part) => part.trim())) {
      const isInclusion = entry.startsWith('!');
      const pattern = isInclusion ? entry.slice(1).trim() : entry;
      if (pattern === '') continue;
      (isInclusion ? inclusions : exclusions).push(anyTrait(TRAITS[key], compilePart(pattern)));
    }
  }
  return (request) => !inclusions.some((holds) => holds(request)) && exclusions.some((holds) => holds(request));
}

function anyTrait(traits: Traits, matches: (text: string) => boolean): RequestPredicate {
  return (request) => traits(request).some(matches);
}
