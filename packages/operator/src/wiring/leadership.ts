import { type KubeClient, startLeaderElection } from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { OperatorSettings } from '../settings/operator-settings.ts';

/** Whether this replica does what only one may do: webhook configurations, statuses, scans, renewal of certificates. */
export interface Leadership {
  readonly isLeader: () => boolean;
  stop(): Promise<void>;
}

/** Kyverno's Lease of the admission controller (kyverno-core §4.3). */
const LEASE = 'kyverno';

export interface LeadershipOptions {
  readonly client: KubeClient;
  readonly settings: OperatorSettings;
  readonly log: Logger;
  /** Leadership began. Not called when there is no election, as there is nothing to wait for. */
  readonly onLeading: () => void;
  /** Milliseconds between two looks at the Lease. */
  readonly retryPeriodMs?: number;
}

/**
 * Takes part in the election of the leader, or leads alone with `--leaderElection=false`. The Lease is given back on a
 * clean stop, so that a rolling update does not wait for it to run out. A replica that loses it goes on answering
 * requests; Kyverno ends its process.
 */
export function startLeadership(options: LeadershipOptions): Leadership {
  const { client, settings, log, onLeading, retryPeriodMs } = options;
  if (!settings.leaderElection) return { isLeader: () => true, stop: async () => {} };
  const election = startLeaderElection({
    client,
    namespace: settings.namespace,
    name: LEASE,
    identity: settings.podName,
    releaseOnStop: true,
    ...(retryPeriodMs === undefined ? {} : { retryPeriodMilliseconds: retryPeriodMs }),
    onStarted: () => {
      log.info({ lease: LEASE }, 'this replica leads');
      onLeading();
    },
    onStopped: () => log.info({ lease: LEASE }, 'this replica leads no more'),
    onError: (error) => log.warn({ error: messageOf(error) }, 'the election of a leader goes on after a failure'),
  });
  return { isLeader: election.isLeader, stop: election.stop };
}
