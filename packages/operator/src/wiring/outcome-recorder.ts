import type { CompiledPolicy, Decision } from '@vouchsafe/engine';
import type { ReviewOutcome } from '../admission/review-handler.ts';
import type { DenialLog } from '../reports/denial-log.ts';
import type { EventSender } from '../reports/event-sender.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AdmissionReports } from './admission-reports.ts';
import type { BackgroundWork } from './background.ts';
import { countedBypasses } from './bypass.ts';

export interface OutcomeRecorderOptions {
  readonly metrics: Metrics;
  readonly events: EventSender;
  readonly denials: DenialLog;
  readonly background: Pick<BackgroundWork, 'enqueue'>;
  readonly reports: Pick<AdmissionReports, 'report' | 'reportMutations'>;
  readonly isBackground: (decision: Decision) => CompiledPolicy['background'];
  readonly log: Logger;
}

/** What an admission leaves behind after its answer: figures, events, denials, results, work. Never throws. */
export function createOutcomeRecorder(options: OutcomeRecorderOptions): (outcome: ReviewOutcome) => void {
  const { metrics, events, denials, background, reports, isBackground, log } = options;

  function record(outcome: ReviewOutcome): void {
    const { request, decisions, allowed, webhook, duration, late } = outcome;
    metrics.recordDecisions(decisions, request, {
      cause: 'admission_request',
      seconds: duration,
      background: isBackground,
    });
    if (!late) {
      metrics.recordAdmission(
        {
          kind: request.kind.kind,
          namespace: request.namespace,
          operation: request.operation,
          allowed,
          webhook: webhook === 'mutating' ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration',
        },
        duration,
      );
    }
    for (const { decision, granted } of countedBypasses(outcome)) metrics.recordBypass(decision, granted);
    events.send({ request, decisions, allowed }, 'kyverno-admission');
    if (outcome.message !== undefined && denials.hasRoom()) {
      const message = outcome.message;
      outcome.explain().then(
        (explained) => denials.record(request, message, explained),
        (error: unknown) => log.error({ error: messageOf(error) }, 'a denial could not be explained'),
      );
    }
    // image rules are reported by the late evaluation, which knows who signed
    const reported = late
      ? decisions
      : decisions.filter(({ results }) => !results.some(({ type }) => type === 'ImageVerify'));
    if (webhook === 'validating' && allowed) reports.report(request, reported);
    if (webhook === 'mutating' && allowed && !late) reports.reportMutations(request, decisions);
    // The API server calls for a MutatingPolicy on the mutating side alone; a request that both sides see is one trigger.
    if (allowed && !late) background.enqueue(request);
  }

  return (outcome) => {
    try {
      record(outcome);
    } catch (error) {
      log.error({ error: messageOf(error) }, 'recording a decision failed');
    }
  };
}
