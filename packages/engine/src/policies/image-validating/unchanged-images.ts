import { type Activation, CelError, type CelHost } from '@vouchsafe/cel';
import type { FactFailureClass } from '../../facts/fact.ts';
import type { EvidenceReason } from '../../facts/image-verification.ts';
import { isEqualJson } from '../../kernel/json.ts';
import type { PolicyScope } from '../../lang/cel/policy-language.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { ImageLists } from './image-lists.ts';

const REASONS: Readonly<Partial<Record<FactFailureClass, EvidenceReason>>> = {
  denied: 'registry-denied',
  transient: 'registry-unreachable',
  'timed-out': 'timed-out',
};

/** What kept an image from being known. */
export function reasonOfFailure(failure: FactFailureClass): EvidenceReason | undefined {
  return REASONS[failure];
}

/** It may be otherwise in a moment: the registry or Sigstore was away, or too slow. */
export function isDoubt(reason: EvidenceReason | undefined): boolean {
  return reason === 'registry-unreachable' || reason === 'timed-out';
}

/** What is asked of the object as it was before an update. */
export interface FormerObject {
  readonly input: RuleInput;
  readonly matches: (request: EvaluationRequest) => boolean;
  readonly activation: (input: RuleInput) => Activation;
  readonly host: CelHost;
  readonly extract: (input: RuleInput, scope: PolicyScope) => ImageLists | CelError;
  /** Whether conditions and exceptions leave the object to the policy. */
  readonly isJudged: (scope: PolicyScope) => boolean;
}

/**
 * Whether the request is an update that changes no image, of an object that the policy was about before as well: nothing new
 * would run, and nothing comes in under a label that exempts it.
 */
export function changesNoImage(now: ImageLists, former: FormerObject): boolean {
  const { input, matches, activation, host, extract, isJudged } = former;
  const { operation, subresource, resource, oldResource } = input.request;
  if (operation !== 'UPDATE' || subresource !== '' || !resource || !oldResource) return false;
  const before: RuleInput = { ...input, request: { ...input.request, resource: oldResource }, resource: oldResource };
  if (!matches(before.request)) return false;
  const scope: PolicyScope = { activation: activation(before), host };
  if (!isJudged(scope)) return false;
  const lists = extract(before, scope);
  return !(lists instanceof CelError) && isEqualJson(shown(lists), shown(now));
}

function shown({ lists, hidden }: ImageLists) {
  return { lists: [...lists].map(([name, images]) => [name, ...images]), hidden };
}
