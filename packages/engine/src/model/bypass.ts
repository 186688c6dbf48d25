import type { FactTable } from '../facts/fact-table.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { PolicyRef } from './decision.ts';
import type { EvaluationRequest } from './request.ts';

/** Names the policies an object is to be let past, separated by commas: `name`, or `namespace/name` of a Policy. */
export const SKIP_ANNOTATION = 'policies.kyverno.io/skip';
/** Until when, RFC 3339. */
export const SKIP_UNTIL_ANNOTATION = 'policies.kyverno.io/skip-until';

/**
 * Says whether the object of a request may pass a policy unjudged; `undefined` when it does not ask to. Throws only
 * `Need`.
 */
export type BypassJudge = (
  policy: PolicyRef,
  request: EvaluationRequest,
  facts: FactTable,
) => BypassOutcome | undefined;

export type BypassOutcome =
  | {
      readonly granted: true;
      /** Told to the user, and in reports. */
      readonly message: string;
      /** Who had the right. */
      readonly by: string;
      /** As it was written. */
      readonly until: string;
      /** To be kept before the request is answered; absent when it is known already or the object has no uid yet. */
      readonly grant?: BypassGrant;
    }
  | { readonly granted: false; readonly reason: string };

/** That somebody with the right let one object past one policy, until a time: what it makes may then pass, too. */
export interface BypassGrant {
  /** A digest of policy, uid, annotations and what the object runs: nothing else has the same. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** For people who read the grants. */
  readonly value: JsonObject;
}
