import type { CompiledPolicy } from '@vouchsafe/engine';
import type { KubeClient } from '@vouchsafe/kube';
import type { ClusterConfiguration } from '../settings/cluster-configuration.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';
import type { PolicySnapshot } from '../store/policy-store.ts';
import { applyWebhooks, areWebhooksPresent, removeWebhooks } from '../webhooks/apply-webhooks.ts';
import type { WebhookTarget } from '../webhooks/client-config.ts';
import { computePolicyWebhooks } from '../webhooks/policy-webhooks.ts';
import { computeResourceWebhooks } from '../webhooks/resource-webhooks.ts';
import { namesUnservedKind, type ServedResource } from '../webhooks/webhook-rules.ts';
import { readServedResources } from './served-resources.ts';

export interface WebhookReconcilerOptions {
  readonly client: KubeClient;
  readonly settings: OperatorSettings;
  readonly snapshot: () => PolicySnapshot;
  readonly configuration: () => ClusterConfiguration;
  /** PEM. */
  readonly caBundle: () => string;
  /** False while the policies are not known: webhooks of fewer policies than exist would let requests past them. */
  readonly isLoaded: () => boolean;
  /** False for replicas that do not lead: they only look whether the leader wrote them. */
  readonly mayWrite: () => boolean;
  readonly log: Logger;
  /** Called when the configurations of the cluster are those of this snapshot. */
  readonly onApplied: (snapshot: PolicySnapshot) => void;
}

export interface WebhookReconciler {
  /** Asks for a run; requests during one lead to one more. */
  trigger(): void;
  /** True once the configurations were written, or found to be there, at least once. */
  readonly isApplied: boolean;
  stop(options: { readonly remove: boolean }): Promise<void>;
}

const RETRY_MS = 2_000;

/** Keeps the webhook configurations of the cluster equal to those computed from the policies. */
export function startWebhookReconciler(options: WebhookReconcilerOptions): WebhookReconciler {
  const { client, settings, snapshot, configuration, caBundle, isLoaded, mayWrite, log, onApplied } = options;
  let isApplied = false;
  let stopped = false;
  let isWanted = false;
  let running: Promise<void> | undefined;
  let retry: NodeJS.Timeout | undefined;
  const target: WebhookTarget = settings.serverIP
    ? { kind: 'url', base: `https://${settings.serverIP}` }
    : { kind: 'service', namespace: settings.namespace, name: settings.serviceName, port: settings.servicePort };

  async function reconcile(): Promise<void> {
    const current = snapshot();
    const conf = configuration();
    const { policies } = current.indexes.all;
    const { mutating, validating, bootstrap } = computeResourceWebhooks({
      policies,
      served: await servedFor(policies),
      target,
      caBundle: caBundle(),
      defaultTimeout: settings.webhookTimeout,
      namespaceSelector: conf.webhookNamespaceSelector,
      objectSelector: conf.webhookObjectSelector,
      matchConditions: conf.matchConditions,
      labels: conf.webhookLabels,
      annotations: conf.webhookAnnotations,
      auditOnly: settings.auditOnly,
    });
    const wanted = [...computePolicyWebhooks(target, caBundle()), mutating, validating, ...bootstrap];
    if (!mayWrite()) {
      isApplied ||= await areWebhooksPresent(client, wanted);
      if (!isApplied) throw new Error('the leader has not written them yet');
      return;
    }
    await applyWebhooks(client, wanted);
    isApplied = true;
    onApplied(current);
  }

  /** A kind that is not served, as far as is known, may have been installed a moment ago. */
  async function servedFor(policies: readonly CompiledPolicy[]): Promise<readonly ServedResource[]> {
    const known = await readServedResources(client);
    if (!namesUnservedKind(policies, known)) return known;
    client.discovery.invalidate();
    return readServedResources(client);
  }

  async function run(): Promise<void> {
    while (isWanted && !stopped) {
      isWanted = false;
      if (!isLoaded()) return; // asked again once they are
      try {
        await reconcile();
      } catch (error) {
        log.warn({ error: messageOf(error) }, 'webhook configurations were not written; it will be tried again');
        retry = setTimeout(trigger, RETRY_MS);
        return;
      }
    }
  }

  function trigger(): void {
    isWanted = true;
    clearTimeout(retry);
    running ??= run().finally(() => {
      running = undefined;
      if (isWanted && !stopped) trigger();
    });
  }

  return {
    trigger,
    get isApplied() {
      return isApplied;
    },
    async stop({ remove }) {
      stopped = true;
      clearTimeout(retry);
      await running;
      if (remove) await removeWebhooks(client);
    },
  };
}
