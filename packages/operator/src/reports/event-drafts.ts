import type { Decision, EvaluationRequest, ResourceRef, RuleResult } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';

export interface DecidedRequest {
  readonly request: EvaluationRequest;
  readonly decisions: readonly Decision[];
  readonly allowed: boolean;
}

export type EventAction =
  | 'Resource Passed'
  | 'Resource Blocked'
  | 'Resource Cleaned Up'
  | 'Resource Generated'
  | 'Resource Mutated'
  | 'Retrying'
  | 'None';

/** Whether successes of this action are told; absent when none is. */
export type SuccessFilter = ((action: EventAction) => boolean) | undefined;

/** What an event says; the sender adds when, by whom and under which name. */
export interface EventDraft {
  readonly reason: 'PolicyViolation' | 'PolicyError' | 'PolicySkipped' | 'PolicyApplied' | 'WebhookOrder';
  readonly action: EventAction;
  readonly note: string;
  readonly regarding: JsonObject;
  readonly related?: JsonObject;
  readonly namespace: string;
}

/**
 * The events that Kyverno sends about a request (kyverno-core §4.8): on the policy for each violation, error and excepted
 * rule; on the resource for violations and errors that did not block it; on the exception that was used; and, when asked
 * for, on the policy for a pass. Beyond Kyverno: on policy and resource for a rule that was bypassed. Unlike Kyverno's, events on the resource leave out the rules that passed.
 */
export function draftEvents(
  { request, decisions, allowed }: DecidedRequest,
  tellsSuccess: SuccessFilter,
): EventDraft[] {
  if (request.dryRun || (!tellsSuccess && decisions.every(isPassed))) return [];
  return decisions.flatMap((decision) => {
    const told = decision.results.flatMap((result) => draftsOf(decision, result, allowed));
    const isSuccess = decision.results.length > 0 && isPassed(decision);
    if (!tellsSuccess || !allowed || !isSuccess) return told;
    const success = successOf(decision);
    return tellsSuccess(success.action) ? [...told, success] : told;
  });
}

function isPassed({ results }: Decision): boolean {
  return results.every(({ status }) => status === 'pass');
}

function draftsOf(decision: Decision, result: RuleResult, allowed: boolean): EventDraft[] {
  if (result.status === 'fail' || result.status === 'error') return violation(decision, result, allowed);
  if (result.status === 'skip' && decision.bypass?.granted) return bypassed(decision, result);
  const exceptions = result.exceptions ?? [];
  return result.status === 'skip' && exceptions.length > 0 ? skip(decision, result, exceptions) : [];
}

function violation(decision: Decision, result: RuleResult, allowed: boolean): EventDraft[] {
  const { resource, policy } = decision;
  const { rule, status } = result;
  const message = withReason(result);
  const reason = status === 'fail' ? 'PolicyViolation' : 'PolicyError';
  const onPolicy: EventDraft = {
    reason,
    action: allowed ? 'Resource Passed' : 'Resource Blocked',
    note: `${resource.kind} ${placeOf(resource)}: [${rule}] ${status}${allowed ? '' : ' (blocked)'}; ${message}`,
    ...aboutPolicy(decision),
  };
  if (!allowed || resource.name === '') return [onPolicy];
  const onResource: EventDraft = {
    reason,
    action: 'Resource Passed',
    note: `policy ${policy.name}/${rule} ${status}: ${message}`,
    regarding: referenceTo(resource),
    namespace: resource.namespace || 'default',
  };
  return [onPolicy, onResource];
}

/** A message may be the policy's own, and say nothing of why an image was not verified. */
function withReason({ message, reason }: RuleResult): string {
  return reason === undefined || message.includes(`(${reason})`) ? message : `${message} (${reason})`;
}

function skip(decision: Decision, { rule }: RuleResult, exceptions: readonly string[]): EventDraft[] {
  const { resource, policy } = decision;
  const place = [resource.namespace, resource.kind, resource.name].filter((part) => part !== '').join('/');
  const base = { reason: 'PolicySkipped', action: 'Resource Passed' } as const;
  const onPolicy: EventDraft = {
    ...base,
    note: `resource ${place} was skipped from rule ${rule} due to policy exceptions ${exceptions.join(', ')}`,
    ...aboutPolicy(decision),
  };
  const onExceptions = exceptions.map((key): EventDraft => {
    const [name = '', namespace = 'default'] = key.split('/').reverse();
    return {
      ...base,
      note: `resource ${place} was skipped from policy rule ${policy.name}/${rule}`,
      regarding: { apiVersion: 'kyverno.io/v2', kind: 'PolicyException', name, namespace },
      related: referenceTo(resource),
      namespace,
    };
  });
  return [onPolicy, ...onExceptions];
}

/** On the policy, for those who watch over it, and on the object, for as long as it is there. */
function bypassed(decision: Decision, { rule, message }: RuleResult): EventDraft[] {
  const { resource, policy } = decision;
  const base = { reason: 'PolicySkipped', action: 'Resource Passed' } as const;
  const onPolicy: EventDraft = {
    ...base,
    note: `${resource.kind} ${placeOf(resource)}: [${rule}] ${message}`,
    ...aboutPolicy(decision),
  };
  if (resource.name === '') return [onPolicy];
  const note = `policy ${policy.name}/${rule} ${message}`;
  return [onPolicy, { ...base, note, regarding: referenceTo(resource), namespace: resource.namespace || 'default' }];
}

function successOf(decision: Decision): EventDraft {
  const { resource, phase } = decision;
  const name = `${resource.kind} ${placeOf(resource)}`;
  return {
    reason: 'PolicyApplied',
    ...(phase === 'mutate'
      ? { action: 'Resource Mutated', note: `${name} is successfully mutated` }
      : { action: 'Resource Passed', note: `${name}: pass` }),
    ...aboutPolicy(decision),
  };
}

function aboutPolicy({ policy, resource }: Decision): Pick<EventDraft, 'regarding' | 'related' | 'namespace'> {
  return {
    regarding: {
      apiVersion: policy.apiVersion,
      kind: policy.kind,
      name: policy.name,
      ...(policy.namespace ? { namespace: policy.namespace } : {}),
      ...(policy.uid ? { uid: policy.uid } : {}),
    },
    related: referenceTo(resource),
    namespace: policy.namespace ?? 'default',
  };
}

function referenceTo({ apiVersion, kind, namespace, name, uid }: ResourceRef): JsonObject {
  return { apiVersion, kind, name, ...(namespace ? { namespace } : {}), ...(uid ? { uid } : {}) };
}

function placeOf({ namespace, name }: ResourceRef): string {
  return namespace ? `${namespace}/${name}` : name;
}
