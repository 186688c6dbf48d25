import type { UserInfo } from './user-info.ts';

/** What is asked about: a resource access or a plain path. */
export interface AccessAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Set for requests outside resources, such as `/version`. */
  readonly path: string | undefined;
}

/** The answer, with the reason RBAC gives. */
export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Rules of one user in one namespace, as SelfSubjectRulesReview lists them. */
export interface AccessRules {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[];
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames: readonly string[];
  }[];
  readonly nonResourceRules: readonly {
    readonly verbs: readonly string[];
    readonly nonResourceURLs: readonly string[];
  }[];
}

/** Decides who may do what. */
export interface Authorizer {
  authorize(access: AccessAttributes): AccessDecision;
  rulesFor(user: UserInfo, namespace: string): AccessRules;
}

const EVERYTHING: AccessRules = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};

/** Allows everything: the default of a sandbox that is not about permissions. */
export const ALLOW_ALL: Authorizer = {
  authorize: () => ({ allowed: true, reason: '' }),
  rulesFor: () => EVERYTHING,
};
