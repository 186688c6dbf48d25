import { type CompiledPolicy, type Decision, type EvaluationRequest, toResourceRef } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { KubeClient } from '@vouchsafe/kube';
import { findTrigger } from '../background/find-trigger.ts';
import type { ResultLedger } from '../reports/result-ledger.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import { createAuditPool } from './audit-pool.ts';

export interface AdmissionReportsOptions {
  readonly isEnabled: boolean;
  readonly client: KubeClient;
  readonly ledger: ResultLedger;
  readonly policies: () => ReadonlyMap<string, CompiledPolicy>;
  /** There may be something to write. */
  readonly notify: () => void;
  readonly log: Logger;
  readonly now: () => number;
}

/** What admissions and what they trigger come to in reports (kyverno-core §1.8.1). */
export interface AdmissionReports {
  /** Takes decisions about the object of a request; that of a deletion has none any more. */
  report(request: EvaluationRequest, decisions: readonly Decision[]): void;
  /** Takes those of rules that mutate, which are made before the object has a UID: it is looked up once it is stored. */
  reportMutations(request: EvaluationRequest, decisions: readonly Decision[]): void;
  /** Takes what became of an existing object that a policy mutates beside the request. */
  reportTarget(decision: Decision, object: JsonObject): void;
  stop(): void;
}

/** Lookups at once: an object that others refuse is looked for in vain for some seconds. */
const WORKERS = 4;

export function createAdmissionReports(options: AdmissionReportsOptions): AdmissionReports {
  const { isEnabled, client, ledger, policies, notify, log, now } = options;
  const stopping = new AbortController();
  const pool = createAuditPool({
    workers: WORKERS,
    onError: (error) => log.debug({ error: messageOf(error) }, 'what mutated an object is not reported'),
  });

  function report(request: EvaluationRequest, decisions: readonly Decision[]): void {
    if (!isReported(request)) return;
    const { uid } = toResourceRef(request);
    if (request.operation === 'DELETE') {
      if (uid !== undefined) ledger.forget(uid); // its report goes with it, by its owner reference
      return;
    }
    ledger.record(toResourceRef(request), decisions, policies(), now(), request.resource);
    notify();
  }

  function isReported({ dryRun, subresource }: EvaluationRequest): boolean {
    return isEnabled && !dryRun && subresource === '';
  }

  return {
    report,
    reportTarget(decision, object) {
      if (!isEnabled) return;
      ledger.record(decision.resource, [decision], policies(), now(), object);
      notify();
    },
    reportMutations(request, decisions) {
      const told = decisions.filter(isMutationByRules);
      if (told.length === 0 || !isReported(request)) return;
      if (toResourceRef(request).uid !== undefined) {
        report(request, told);
        return;
      }
      const { bypass: _bypass, ...kept } = request;
      pool.enqueue(async () => {
        const stored = await findTrigger(client, kept, stopping.signal);
        if (stored && !stopping.signal.aborted) report(stored, told);
      });
    },
    stop: () => stopping.abort(),
  };
}

/** Policies in CEL that mutate are told of by scans (kyverno-cel §4.3). */
function isMutationByRules({ phase, policy, results }: Decision): boolean {
  return phase === 'mutate' && policy.apiVersion.startsWith('kyverno.io/') && results.length > 0;
}
