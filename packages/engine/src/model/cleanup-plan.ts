import type { Schedule } from '../kernel/schedule/schedule.ts';
import type { RuleOutcome } from './compiled-policy.ts';
import type { EvaluationRequest } from './request.ts';

export type PropagationPolicy = 'Foreground' | 'Background' | 'Orphan';

/** When a policy that deletes is to run, and how what it selects goes. */
export interface CleanupPlan {
  readonly schedule: Schedule;
  /** The API server's choice when absent. */
  readonly propagationPolicy: PropagationPolicy | undefined;
}

export function toPropagationPolicy(text: string | undefined): PropagationPolicy | undefined {
  return text === 'Foreground' || text === 'Background' || text === 'Orphan' ? text : undefined;
}

/**
 * What a policy that deletes says of one object, as Kyverno's CLI words it: to be deleted, to stay, or why that could not be
 * told. An object that cannot be judged stays.
 */
export function deletion(rule: string, doomed: boolean | string, request: EvaluationRequest): RuleOutcome {
  const result = { rule, type: 'Deletion', action: 'Audit' } as const;
  if (typeof doomed === 'string') return { results: [{ ...result, status: 'error', message: doomed }], effects: [] };
  if (!doomed) return { results: [{ ...result, status: 'fail', message: 'resource did not match' }], effects: [] };
  const { kind, namespace, name } = request;
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  return {
    results: [{ ...result, status: 'pass', message: 'resource matched' }],
    effects: [{ kind: 'delete', target: { apiVersion, kind: kind.kind, namespace, name } }],
  };
}
