import { type JsonObject, memberAt } from '../kernel/json.ts';
import { compilePart } from '../match/kind-selector.ts';
import { compileLabelSelector } from '../match/label-selector.ts';
import type { FailureAction } from '../model/decision.ts';
import { toFailureAction, toFailureActionOverrides } from '../model/failure-action.ts';
import type { FailureActionOverride, LegacyPolicySpec, Rule } from '../model/policy.ts';
import { readText } from '../model/read-json.ts';
import type { EvaluationRequest } from '../model/request.ts';

export interface ActionResolver {
  (request: EvaluationRequest): FailureAction;
  /** Set when the action does not depend on the request. */
  readonly constant?: FailureAction;
}

/**
 * What a failure of the rule means for a request (kyverno-core §4.2). A validate rule: its own overrides, its own
 * action. A verifyImages rule: Enforce when any entry enforces, else the first action given. Then, for all: the policy's
 * overrides and the policy's action.
 */
export function compileFailureAction(rule: Rule, spec: LegacyPolicySpec): ActionResolver {
  const own = rule.validate ? toFailureAction(readText(rule.validate, 'failureAction')) : entriesAction(rule);
  const ownOverrides = compileOverrides(
    rule.validate ? toFailureActionOverrides(rule.validate, 'failureActionOverrides') : [],
  );
  const overrides = own ? NO_OVERRIDES : compileOverrides(spec.failureActionOverrides);
  const last = own ?? spec.failureAction;
  if (ownOverrides.length === 0 && overrides.length === 0) return Object.assign(() => last, { constant: last });
  return (request) => {
    const namespace = namespaceOf(request);
    for (const { action, applies } of ownOverrides) if (applies(request, namespace)) return action;
    for (const { action, applies } of overrides) if (applies(request, namespace)) return action;
    return last;
  };
}

/** Whether the rule enforces for some request. */
export function canEnforce(rule: Rule, spec: LegacyPolicySpec): boolean {
  const own = rule.validate ? toFailureAction(readText(rule.validate, 'failureAction')) : entriesAction(rule);
  const ownOverrides = rule.validate ? toFailureActionOverrides(rule.validate, 'failureActionOverrides') : [];
  const overrides = own ? ownOverrides : [...ownOverrides, ...spec.failureActionOverrides];
  return (own ?? spec.failureAction) === 'Enforce' || overrides.some(({ action }) => action === 'Enforce');
}

function entriesAction({ verifyImages }: Rule): FailureAction | undefined {
  const actions = verifyImages.map(({ failureAction }) => failureAction).filter((action) => action !== undefined);
  return actions.includes('Enforce') ? 'Enforce' : actions[0];
}

interface CompiledOverride {
  readonly action: FailureAction;
  readonly applies: (request: EvaluationRequest, namespace: string) => boolean;
}

const NO_OVERRIDES: readonly CompiledOverride[] = [];

function compileOverrides(overrides: readonly FailureActionOverride[]): readonly CompiledOverride[] {
  return overrides.map(({ action, namespaces, namespaceSelector }) => {
    const names = namespaces.map(compilePart);
    const selects = namespaceSelector && compileLabelSelector(namespaceSelector);
    return {
      action,
      applies: (request, namespace) =>
        (names.length === 0 || names.some((matches) => matches(namespace))) &&
        (selects === undefined || selects(request.namespaceLabels)),
    };
  });
}

/** The object's own namespace: none for a Namespace, though its request names one. */
function namespaceOf(request: EvaluationRequest): string {
  const subject: JsonObject | undefined = request.resource ?? request.oldResource;
  const own = memberAt(subject, 'metadata', 'namespace');
  if (typeof own === 'string' && own !== '') return own;
  return request.kind.kind === 'Namespace' && request.kind.group === '' ? '' : request.namespace;
}
