import type { JsonObject } from '@vouchsafe/engine/kernel';
import type { GroupVersionResource, KubeClient } from '@vouchsafe/kube';
import { kubernetesObjectOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import { type DecidedRequest, draftEvents, type EventDraft, type SuccessFilter } from './event-drafts.ts';

export interface EventSenderOptions {
  readonly client: KubeClient;
  readonly instance: string;
  /** Events waiting at most (Kyverno's `--maxQueuedEvents`); more are dropped and counted. */
  readonly maxQueued?: number;
  readonly onDropped: () => void;
  /** The ConfigMap's `generateSuccessEvents` and `successEventActions`: what succeeds is told as well. */
  readonly tellsSuccess?: () => SuccessFilter;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface EventSender {
  /** Queues the events that Kyverno sends for these decisions (kyverno-core §4.8). Never waits. */
  send(decided: DecidedRequest, controller: 'kyverno-admission' | 'kyverno-scan'): void;
  /** Queues one event. Never waits. */
  tell(draft: EventDraft, controller: TellingController): void;
  /** Sends what is queued, within two seconds. */
  stop(): Promise<void>;
}

type TellingController =
  | 'kyverno-admission'
  | 'kyverno-cleanup'
  | 'kyverno-generate'
  | 'kyverno-mutate'
  | 'globalcontext-controller';

const EVENTS: GroupVersionResource = { group: 'events.k8s.io', version: 'v1', resource: 'events' };
const WARNINGS: ReadonlySet<EventDraft['reason']> = new Set(['PolicyViolation', 'PolicyError', 'WebhookOrder']);
const MAX_QUEUED = 1000;
const MAX_NOTE = 1024;
/** The same note about the same object is not sent again by the same controller within this time. */
const QUIET_MS = 60_000;
/** Milliseconds that a clean stop waits for the queue. */
const STOP_MS = 2_000;
/** Of the name of an object of the API. */
const MAX_NAME = 253;

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
    running ??= drain();
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
    running = undefined; // in the same turn as the last look at the queue
  }

  function tell(draft: EventDraft, controller: string): void {
    sequence += 1;
    const { kind, name, uid } = draft.regarding;
    const event = eventObject(draft, controller, options.instance, now(), sequence);
    enqueue(event, `${controller}|${draft.namespace}/${kind}/${name}/${uid ?? ''}|${draft.note}`);
  }

  return {
    send(decided, controller) {
      for (const draft of draftEvents(decided, options.tellsSuccess?.())) tell(draft, controller);
    },
    tell,
    async stop() {
      const overdue = setTimeout(() => {
        for (const _ of queue.splice(0)) onDropped();
      }, STOP_MS);
      await running;
      clearTimeout(overdue);
    },
  };
}

function eventObject(draft: EventDraft, controller: string, instance: string, at: Date, sequence: number): JsonObject {
  const nanoseconds = BigInt(at.getTime()) * 1_000_000n + BigInt(sequence % 1_000_000);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: eventName(String(draft.regarding['name']), nanoseconds), namespace: draft.namespace },
    eventTime: at.toISOString().replace('Z', '000Z'),
    reportingController: controller,
    reportingInstance: `${controller}-${instance}`.slice(0, 128),
    type: WARNINGS.has(draft.reason) ? 'Warning' : 'Normal',
    reason: draft.reason,
    action: draft.action,
    regarding: draft.regarding,
    ...(draft.related ? { related: draft.related } : {}),
    note: draft.note.length > MAX_NOTE ? `${draft.note.slice(0, MAX_NOTE - 1)}…` : draft.note,
  };
}

/** Names of some kinds (`system:node`) would be none for an Event. */
function eventName(name: string, nanoseconds: bigint): string {
  const suffix = `.${nanoseconds.toString(16)}`;
  return `${name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .slice(0, MAX_NAME - suffix.length)}${suffix}`;
}
