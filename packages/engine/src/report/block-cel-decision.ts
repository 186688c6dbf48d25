import { type Decision, isCelPolicy, type RuleResult } from '../model/decision.ts';

/**
 * The message by which policies in CEL refuse a request, `undefined` when none does (kyverno-cel §7.3). A mutation that
 * cannot be computed refuses under `Fail`; a validation that failed or could not be told refuses when `Deny` is among the
 * policy's actions, whatever its failurePolicy.
 */
export function celBlockedMessage(decisions: readonly Decision[]): string | undefined {
  const own = decisions.filter(({ policy }) => isCelPolicy(policy));
  return blockedMutation(own) ?? blockedValidation(own);
}

function blockedMutation(decisions: readonly Decision[]): string | undefined {
  const broken = decisions.filter(({ phase, failurePolicy }) => phase === 'mutate' && failurePolicy === 'Fail');
  const errors = broken.flatMap(({ policy, results }) =>
    results.filter(({ status }) => status === 'error').map(({ message }) => `Policy ${policy.name}: ${message}`),
  );
  const resource = broken[0]?.resource;
  if (errors.length === 0 || !resource) return undefined;
  const { namespace, name, kind } = resource;
  return `Resource: ${namespace}/${name}, Kind: ${kind}, Errors: [${errors.join(' ')}]`;
}

const VALIDATING: ReadonlySet<Decision['phase']> = new Set(['verify-images', 'validate']);

function blockedValidation(decisions: readonly Decision[]): string | undefined {
  const lines = decisions
    .filter(({ phase, standing }) => VALIDATING.has(phase) && standing === 'enforce')
    .flatMap((decision) => decision.results.filter(({ action }) => action === 'Enforce').flatMap(toLine(decision)));
  return lines.length === 0 ? undefined : lines.join('; ');
}

/** What users are warned of: the same lines. */
export function celWarnings(decision: Decision): readonly string[] {
  return decision.results.filter(({ emitWarning }) => emitWarning === true).flatMap(toLine(decision));
}

function toLine({ policy: { name } }: Decision): (result: RuleResult) => readonly string[] {
  return ({ status, message }) => {
    if (status === 'fail') return [`Policy ${name} failed: ${message}`];
    return status === 'error' ? [`Policy ${name} error: ${message}`] : [];
  };
}
