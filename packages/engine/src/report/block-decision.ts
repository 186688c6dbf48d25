import { type Decision, isCelPolicy } from '../model/decision.ts';
import { toYamlText } from './yaml-text.ts';

/**
 * The message a request is refused with, `undefined` when nothing blocks it (kyverno-core §4.2). Policies in CEL have
 * their own words.
 *
 * A decision blocks when a rule that enforces failed, or when a rule errored and failurePolicy is Fail. failurePolicy
 * sticks: after one Fail policy, errors of later Ignore policies block as well. Only decisions that stand as `enforce` count.
 */
export function blockedMessage(all: readonly Decision[]): string | undefined {
  const decisions = all.filter(({ policy }) => !isCelPolicy(policy));
  return (
    blockedMutation(decisions) ??
    (['verify-images', 'validate'] as const).map((phase) => blockedPhase(decisions, phase)).find(isDefined)
  );
}

function blockedMutation(decisions: readonly Decision[]): string | undefined {
  let sticky = false;
  for (const decision of decisions) {
    if (decision.phase !== 'mutate') continue;
    sticky ||= decision.failurePolicy === 'Fail';
    if (!isBlocking(decision, sticky)) continue;
    const rules = decision.results.filter(({ status }) => status === 'fail' || status === 'error');
    const texts = rules.map(({ rule, message }) => `${rule}: ${message}`).join(' ');
    const name = decision.policy.name;
    return `mutation policy ${name} error: failed to apply policy ${name} rules [${texts}]`;
  }
  return undefined;
}

function blockedPhase(decisions: readonly Decision[], phase: Decision['phase']): string | undefined {
  const standing = decisions.filter((decision) => decision.phase === phase && decision.standing === 'enforce');
  const sticky = standing.some(({ failurePolicy }) => failurePolicy === 'Fail');
  if (!standing.some((decision) => isBlocking(decision, sticky))) return undefined;
  return renderBlocked(standing);
}

function isBlocking({ results }: Decision, failClosed: boolean): boolean {
  return results.some(({ status, action }) => {
    if (status === 'error') return failClosed;
    return status === 'fail' && action === 'Enforce';
  });
}

/** Rules neither passed nor skipped, as `policy: {rule: message}`. Policies of one name share an entry: the last wins. */
function renderBlocked(decisions: readonly Decision[]): string {
  const failures: Record<string, Record<string, string>> = Object.create(null);
  for (const { policy, results } of decisions) {
    const reasons: Record<string, string> = Object.create(null);
    for (const { rule, status, message } of results) {
      if (status !== 'pass' && status !== 'skip') reasons[rule] = message;
    }
    if (Object.keys(reasons).length > 0) failures[policy.name] = reasons;
  }
  const first = decisions.find(({ results }) => results.length > 0)?.resource;
  const resource = first ? `${first.kind}/${first.namespace}/${first.name}` : '//';
  return `\n\nresource ${resource} was blocked due to the following policies \n\n${toYamlText(failures)}`;
}

function isDefined<Value>(value: Value | undefined): value is Value {
  return value !== undefined;
}
