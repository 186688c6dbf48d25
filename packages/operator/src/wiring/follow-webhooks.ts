import type { CompiledPolicy } from '@vouchsafe/engine';
import { type GroupVersionResource, type KubeClient, type KubernetesObject, startInformer } from '@vouchsafe/kube';
import type { EventSender } from '../reports/event-sender.ts';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import { MANAGED_BY } from '../webhooks/resource-webhooks.ts';
import { describeEarlier, type EarlierWebhooks, findEarlierWebhooks } from '../webhooks/webhook-order.ts';
import type { ServedResource } from '../webhooks/webhook-rules.ts';
import { readServedResources } from './served-resources.ts';

export interface FollowWebhooksOptions {
  readonly client: KubeClient;
  readonly policies: () => readonly CompiledPolicy[];
  readonly events: EventSender;
  /** False for replicas that do not lead: one event is enough. */
  readonly mayTell: () => boolean;
  /** A configuration of ours was changed or taken away, by us or by somebody else. */
  readonly onOwn: () => void;
  readonly log: Logger;
}

export interface FollowedWebhooks {
  /** What to tell who submits this policy: who is called before us for what it verifies. */
  warningsFor(policy: CompiledPolicy): readonly string[];
  /** Looks again: other policies are about other kinds. */
  look(): void;
  stop(): Promise<void>;
}

const GROUP = { group: 'admissionregistration.k8s.io', version: 'v1' } as const;
const MUTATING: GroupVersionResource = { ...GROUP, resource: 'mutatingwebhookconfigurations' };
const VALIDATING: GroupVersionResource = { ...GROUP, resource: 'validatingwebhookconfigurations' };
/** Milliseconds: somebody who changes ours again and again costs us no more than a look each. */
const UNDO_MS = 500;

/** Watches the webhook configurations of the cluster: ours, so that a change is undone, and others', for their order. */
export function followWebhooks(options: FollowWebhooksOptions): FollowedWebhooks {
  const { client, policies, events, mayTell, onOwn, log } = options;
  let served: readonly ServedResource[] = [];
  let told = new Set<string>();
  let own: NodeJS.Timeout | undefined;

  const mutating = follow(MUTATING);
  const validating = follow(VALIDATING);

  function follow(gvr: GroupVersionResource) {
    return startInformer({
      client,
      gvr,
      onChange(change) {
        // one whose label is taken away is ours no less
        const wasOurs = change.type === 'modified' && isOurs(change.previous);
        if (wasOurs || isOurs(change.object)) own ??= setTimeout(undo, UNDO_MS);
        else if (gvr === MUTATING) look();
      },
      onError: (error) => log.warn({ resource: gvr.resource, error: messageOf(error) }, 'watching failed; it goes on'),
    });
  }

  function undo(): void {
    own = undefined;
    onOwn();
  }

  function look(): void {
    readServedResources(client).then(
      (resources) => {
        served = resources;
        tell(earlierFor(policies()));
      },
      (error: unknown) => log.debug({ error: messageOf(error) }, 'the order of webhooks is not known'),
    );
  }

  function earlierFor(of: readonly CompiledPolicy[]): readonly EarlierWebhooks[] {
    return findEarlierWebhooks(mutating.list().map(jsonOf), of, served);
  }

  /** Each once for as long as it is so. */
  function tell(earlier: readonly EarlierWebhooks[]): void {
    if (!mayTell()) return;
    const notes = new Set<string>();
    for (const one of earlier) {
      const note = describeEarlier(one);
      notes.add(note);
      if (told.has(note)) continue;
      log.warn({ configuration: one.configuration, resources: one.resources.join() }, note);
      const { uid } = mutating.list().find(({ metadata }) => metadata.name === one.configuration)?.metadata ?? {};
      events.tell(
        {
          reason: 'WebhookOrder',
          action: 'None',
          note,
          namespace: 'default',
          regarding: {
            apiVersion: `${GROUP.group}/${GROUP.version}`,
            kind: 'MutatingWebhookConfiguration',
            name: one.configuration,
            ...(uid === undefined ? {} : { uid }),
          },
        },
        'kyverno-admission',
      );
    }
    told = notes;
  }

  return {
    warningsFor: (policy) => earlierFor([policy]).map(describeEarlier),
    look,
    stop: async () => {
      clearTimeout(own);
      await Promise.all([mutating.stop(), validating.stop()]);
    },
  };
}

function isOurs({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.[MANAGED_BY] !== undefined;
}
