import { type KubeClient, startInformer } from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { ServedResource } from '../webhooks/webhook-rules.ts';

const DEFINITIONS = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
} as const;
/** The API server serves a new kind a moment after its definition; discovery of it may lag some seconds. */
const LAGS_MS = [0, 1_500, 6_000];

/** What the API server serves, resources and subresources, at most ten minutes old. */
export async function readServedResources(client: KubeClient): Promise<readonly ServedResource[]> {
  const resources = await client.discovery.resources();
  return resources.flatMap(({ group, version, resource, kind, isNamespaced, subresources }) =>
    ['', ...subresources.map(({ name }) => name)].map((subresource) => ({
      group,
      version,
      resource,
      subresource,
      kind,
      namespaced: isNamespaced,
    })),
  );
}

/** Calls back when custom kinds come, change or go, with discovery asked afresh from then on. */
export function followDefinitions(client: KubeClient, log: Logger, onChange: () => void): { stop(): Promise<void> } {
  const timers = new Set<NodeJS.Timeout>();
  const announce = (delay: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      client.discovery.invalidate();
      onChange();
    }, delay);
    timers.add(timer);
  };
  const stopTimers = () => {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };
  const informer = startInformer({
    client,
    gvr: DEFINITIONS,
    metadataOnly: true,
    onChange() {
      if (!informer.hasSynced()) return; // the kinds there at the start are known already
      stopTimers(); // many definitions installed at once are one change
      for (const delay of LAGS_MS) announce(delay);
    },
    onError: (error) => log.warn({ error: messageOf(error) }, 'watching custom kinds failed; it goes on'),
  });
  return {
    async stop() {
      await informer.stop();
      stopTimers();
    },
  };
}
