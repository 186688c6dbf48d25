import type { Engine, EvaluationRequest } from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import type { KubeClient } from '@vouchsafe/kube';
import type { CleanupReport } from '../cleanup/run-cleanup.ts';
import { startCleanups } from '../cleanup/start-cleanups.ts';
import { startTtl } from '../cleanup/start-ttl.ts';
import type { EventSender } from '../reports/event-sender.ts';
import type { Logger } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';
import { createPolicyStore, type PolicyStoreOptions } from '../store/policy-store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { followObjects } from './cluster-view.ts';
import { CLEANUP_RESOURCES } from './policy-resources.ts';

export interface CleanupParts {
  readonly client: KubeClient;
  readonly cleaner: KubeClient;
  readonly engine: Engine;
  readonly settings: OperatorSettings;
  readonly facts: FactSource;
  readonly exceptionsOf: NonNullable<PolicyStoreOptions['linksOf']>;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  readonly isExcluded: (request: EvaluationRequest) => boolean;
  readonly mayRun: () => boolean;
  readonly events: EventSender;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
}

export interface Cleanup {
  readonly trigger: () => void;
  readonly recompile: ReturnType<typeof createPolicyStore>['recompile'];
  stop(): Promise<void>;
}

/**
 * Everything that deletes: policies on their schedules, and objects whose own time has come. Their policies are kept apart from
 * those of admission, which has nothing to ask of them.
 */
export function startCleanup(parts: CleanupParts): Cleanup {
  const { client, cleaner, engine, settings, exceptionsOf, mayRun, metrics, log, now } = parts;
  const store = createPolicyStore({
    engine,
    linksOf: exceptionsOf,
    auditMutateDigest: settings.auditMutateDigest,
    auditOnly: settings.auditOnly,
  });
  const cleanups = startCleanups({
    ...parts,
    policies: () => store.snapshot.policies,
    onReport: (report) => tell(report, parts),
  });
  const ttl = startTtl({
    cleaner,
    mayRun,
    intervalMs: settings.ttlReconciliationIntervalMs,
    onDeleted: (kind, namespace, problem) =>
      metrics.recordCleanup(
        { policyType: 'TTL', policyNamespace: '-', policyName: '-', kind, namespace, propagation: '-' },
        problem !== undefined,
      ),
    log,
    now,
  });
  const followed = CLEANUP_RESOURCES.map((resource) =>
    followObjects(client, resource, log, { upsert: store.upsert, remove: store.remove, isOptional: true }),
  );
  store.onChange(cleanups.trigger);
  return {
    trigger: cleanups.trigger,
    recompile: store.recompile,
    async stop() {
      await Promise.all([cleanups.stop(), ttl.stop(), ...followed.map((informer) => informer.stop())]);
    },
  };
}

/** Kyverno's metrics, events and words (kyverno-core §1.4). */
function tell({ policy, request, problem }: CleanupReport, { metrics, events, log }: CleanupParts): void {
  const { ref, cleanup } = policy;
  const { kind, namespace, name } = request;
  metrics.recordCleanup(
    {
      policyType: ref.kind,
      policyNamespace: ref.namespace ?? '-',
      policyName: ref.name,
      kind: kind.kind,
      namespace,
      propagation: cleanup?.propagationPolicy ?? '-',
    },
    problem !== undefined,
  );
  const target = [kind.kind, namespace, name].join('/');
  const note =
    problem === undefined
      ? `successfully cleaned up the target resource ${target}`
      : `failed to clean up the target resource ${target}: ${problem}`;
  log.info(
    { policy: ref.name, kind: kind.kind, namespace, name, problem },
    problem === undefined ? 'cleaned up' : 'not cleaned up',
  );
  events.tell(
    {
      reason: problem === undefined ? 'PolicyApplied' : 'PolicyError',
      action: problem === undefined ? 'Resource Cleaned Up' : 'None',
      note,
      regarding: {
        apiVersion: ref.apiVersion,
        kind: ref.kind,
        name: ref.name,
        ...(ref.namespace ? { namespace: ref.namespace } : {}),
        ...(ref.uid ? { uid: ref.uid } : {}),
      },
      related: {
        apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
        kind: kind.kind,
        name,
        ...(namespace === '' ? {} : { namespace }),
      },
      namespace: ref.namespace ?? 'default',
    },
    'kyverno-cleanup',
  );
}
