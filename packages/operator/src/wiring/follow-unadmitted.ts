import type { CompiledPolicy } from '@vouchsafe/engine';
import { type ApiResource, type Informer, type KubeClient, startInformer } from '@vouchsafe/kube';
import { isScannedAlone } from '../facts/scan-mutations.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import { scannedResources } from './scanned-resources.ts';

export interface FollowUnadmittedOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  /** Told of each object that came or changed since the kind is followed. */
  readonly onChange: (resource: ApiResource, namespace: string, name: string) => void;
}

/** Watches what only scans judge. */
export interface UnadmittedFollower {
  /** Follows the kinds of those policies that only scans tell of, and leaves the others. */
  follow(policies: readonly CompiledPolicy[]): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A policy with `admission` off hears of new objects by nobody but us, and what a mutating one did comes into reports by
 * scans: their kinds are watched, by metadata alone, so that reports do not wait for the next scan.
 */
export function createUnadmittedFollower({ client, log, onChange }: FollowUnadmittedOptions): UnadmittedFollower {
  const informers = new Map<string, Informer>();
  let isStopped = false;

  function start(resource: ApiResource): Informer {
    const informer: Informer = startInformer({
      client,
      gvr: resource,
      metadataOnly: true,
      onChange: ({ type, object }) => {
        // What is there already is the scan's.
        if (type === 'deleted' || !informer.hasSynced()) return;
        onChange(resource, object.metadata.namespace ?? '', object.metadata.name ?? '');
      },
      onError: (error) =>
        log.warn({ resource: resource.resource, error: messageOf(error) }, 'watching failed; it goes on'),
    });
    return informer;
  }

  return {
    async follow(policies) {
      const unadmitted = policies.filter(isScannedAlone);
      const resources = unadmitted.length === 0 ? [] : await scannedResources(client, unadmitted);
      if (isStopped) return;
      const wanted = new Map(resources.map((one) => [`${one.group}/${one.version}/${one.resource}`, one]));
      for (const [key, informer] of informers) {
        if (wanted.has(key)) continue;
        informers.delete(key);
        await informer.stop();
      }
      for (const [key, resource] of wanted) if (!informers.has(key)) informers.set(key, start(resource));
    },
    async stop() {
      isStopped = true;
      await Promise.all([...informers.values()].map((informer) => informer.stop()));
    },
  };
}
