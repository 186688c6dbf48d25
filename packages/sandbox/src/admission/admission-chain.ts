import type { AdmissionAttributes, AdmissionChain } from '../api/admission-port.ts';
import type { Cluster } from '../api/cluster.ts';
import type { AdmissionPlugin } from './admission-plugin.ts';
import { defaultTolerations } from './plugins/default-tolerations.ts';
import { limitRanger } from './plugins/limit-ranger.ts';
import { namespaceLifecycle } from './plugins/namespace-lifecycle.ts';
import { podPriority } from './plugins/pod-priority.ts';
import { resourceQuota } from './plugins/resource-quota.ts';
import { serviceAccount } from './plugins/service-account.ts';
import { storageProtection } from './plugins/storage-protection.ts';
import { createMutatingPolicyDispatcher } from './policies/dispatch-mutating-policies.ts';
import { createValidatingPolicyDispatcher } from './policies/dispatch-validating-policies.ts';
import type { ServiceResolver } from './service-resolver.ts';
import { createWebhookDispatcher } from './webhooks/dispatch-webhooks.ts';
import type { MatchConditionCompiler } from './webhooks/match-conditions.ts';

/** A chain with what it keeps open. */
export interface RunningAdmission {
  readonly chain: AdmissionChain;
  stop(): void;
}

/** The admission chain in the real server's order: built-in plugins, policies, webhooks, in both phases. */
export function createAdmissionChain(
  cluster: Cluster,
  services: ServiceResolver,
  compileMatchCondition?: MatchConditionCompiler,
): RunningAdmission {
  const plugins: readonly AdmissionPlugin[] = [
    namespaceLifecycle(cluster),
    limitRanger(cluster),
    serviceAccount(cluster),
    podPriority(cluster),
    defaultTolerations(),
    storageProtection(cluster),
  ];
  // Quota is charged last, for what passed everything else.
  const quota = resourceQuota(cluster);
  const mutations = createMutatingPolicyDispatcher(cluster);
  const policies = createValidatingPolicyDispatcher(cluster);
  const webhooks = createWebhookDispatcher(cluster, services, compileMatchCondition);

  return {
    chain: {
      async mutate(attributes) {
        let { object } = attributes;
        for (const plugin of plugins) {
          if (plugin.mutate !== undefined) {
            object = plugin.mutate(withObject(attributes, object));
          }
        }
        if (!mutations.isIdle()) {
          object = mutations.mutate(withObject(attributes, object));
        }
        return webhooks.isIdle() ? object : webhooks.mutate(withObject(attributes, object));
      },
      async validate(attributes) {
        for (const plugin of plugins) {
          plugin.validate?.(attributes);
        }
        if (!policies.isIdle()) {
          policies.validate(attributes);
        }
        if (!webhooks.isIdle()) {
          await webhooks.validate(attributes);
        }
      },
      charge: (attributes) => quota.validate?.(attributes),
    },
    stop() {
      mutations.stop();
      policies.stop();
      webhooks.stop();
    },
  };
}

function withObject(attributes: AdmissionAttributes, object: AdmissionAttributes['object']): AdmissionAttributes {
  return object === attributes.object ? attributes : { ...attributes, object };
}
