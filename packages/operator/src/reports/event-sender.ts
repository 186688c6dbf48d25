import type { Decision, EvaluationRequest, RuleResult } from '@vouchsafe/engine';
import { policyKey } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { GroupVersionResource, KubeClient } from '@vouchsafe/kube';
import { kubernetesObjectOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';

export interface EventSenderOptions {
  readonly client: KubeClient;
  readonly instance: string;
  /** Events waiting at most (Kyverno's `--maxQueuedEvents`); more are dropped and counted. */
  readonly maxQueued?: number;
  readonly onDropped: () => void;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface DecidedRequest {
  readonly request: EvaluationRequest;
  readonly decisions: readonly Decision[];
  readonly allowed: boolean;
}

export interface EventSender {
  /** Queues the events that Kyverno sends for these decisions (kyverno-core §4.8). Never waits. */
  send(decided: DecidedRequest, controller: 'kyverno-admission' | 'kyverno-scan'): void;
  stop(): Promise<void>;
}

const EVENTS: GroupVersionResource = { group: 'events.k8s.io', version: 'v1', resource: 'events' };
const MAX_QUEUED = 1000;
const MAX_NOTE = 1024;
/** The same note about the same object is not sent again within this time. */
const QUIET_MS = 60_000;

/** Sends events in the background, bounded and without repeating itself. Losing an event never fails a request. */
export function startEventSender(options: EventSenderOptions): EventSender {
  const { client, maxQueued = MAX_QUEUED, onDropped, log, now } = options;
  const queue: JsonObject[] = [];
  const recent = new Map<string, number>();
  let running: Promise<void> | undefined;
  let sequence = 0;

  function enqueue(event: JsonObject, key: string): void {
    const at = now().getTime();
    if ((recent.get(key) ?? Number.NEGATIVE_INFINITY) > at - QUIET_MS) return;
    if (recent.size > 10 * maxQueued) recent.clear();
    recent.set(key, at);
    if (queue.length >= maxQueued) {
      onDropped();
      return;
    }
    queue.push(event);
    running ??= drain().finally(() => {
      running = undefined;
    });
  }

  async function drain(): Promise<void> {
    for (let event = queue.shift(); event; event = queue.shift()) {
      try {
        await client.create(EVENTS, kubernetesObjectOf(event));
      } catch (error) {
        onDropped();
        log.debug({ error: messageOf(error) }, 'an event was not sent');
      }
    }
  }

  return {
    send({ request, decisions, allowed }, controller) {
      for (const decision of decisions) {
        for (const result of decision.results) {
          const draft = toEvent(decision, result, request, allowed);
          if (!draft) continue;
          sequence += 1;
          enqueue(
            eventObject(draft, controller, options.instance, now(), sequence),
            `${policyKey(decision.policy)}|${draft.note}`,
          );
        }
      }
    },
    async stop() {
      await running;
    },
  };
}

interface EventDraft {
  readonly reason: 'PolicyViolation' | 'PolicyError' | 'PolicySkipped';
  readonly action: 'Resource Passed' | 'Resource Blocked' | 'None';
  readonly note: string;
  readonly regarding: JsonObject;
  readonly related: JsonObject;
  readonly namespace: string;
}

/** One event on the policy for each result that is neither a pass nor a plain skip. */
function toEvent(
  decision: Decision,
  result: RuleResult,
  request: EvaluationRequest,
  allowed: boolean,
): EventDraft | undefined {
  if (request.dryRun) return undefined;
  const isSkippedByException = result.status === 'skip' && (result.exceptions?.length ?? 0) > 0;
  if (result.status !== 'fail' && result.status !== 'error' && !isSkippedByException) return undefined;
  const { resource, policy } = decision;
  const where = resource.namespace ? `${resource.namespace}/${resource.name}` : resource.name;
  const blocked = allowed ? '' : ' (blocked)';
  return {
    reason: result.status === 'fail' ? 'PolicyViolation' : result.status === 'error' ? 'PolicyError' : 'PolicySkipped',
    action: allowed ? 'Resource Passed' : 'Resource Blocked',
    note: `${resource.kind} ${where}: [${result.rule}] ${result.status}${blocked}; ${result.message}`,
    regarding: {
      apiVersion: policy.apiVersion,
      kind: policy.kind,
      name: policy.name,
      ...(policy.namespace ? { namespace: policy.namespace } : {}),
      ...(policy.uid ? { uid: policy.uid } : {}),
    },
    related: {
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      name: resource.name,
      ...(resource.namespace ? { namespace: resource.namespace } : {}),
    },
    namespace: policy.namespace ?? 'default',
  };
}

function eventObject(draft: EventDraft, controller: string, instance: string, at: Date, sequence: number): JsonObject {
  const nanoseconds = BigInt(at.getTime()) * 1_000_000n + BigInt(sequence % 1_000_000);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${draft.regarding['name']}.${nanoseconds.toString(16)}`, namespace: draft.namespace },
    eventTime: at.toISOString().replace('Z', '000Z'),
    reportingController: controller,
    reportingInstance: `${controller}-${instance}`.slice(0, 128),
    type: draft.reason === 'PolicySkipped' ? 'Normal' : 'Warning',
    reason: draft.reason,
    action: draft.action,
    regarding: draft.regarding,
    related: draft.related,
    note: draft.note.length > MAX_NOTE ? `${draft.note.slice(0, MAX_NOTE - 1)}…` : draft.note,
  };
}
