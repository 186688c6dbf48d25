import { type Discovery, type KubeClient, startInformer } from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { ServedResource } from '../webhooks/webhook-rules.ts';

const DEFINITIONS = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
} as const;
/** The API server serves a new kind a moment after its definition; discovery of it may lag some seconds. */
const LAGS_MS = [100, 300, 700, 1_500, 3_000, 6_000];

/** What is asked of a client to follow what is served. */
interface DefinitionsClient extends Pick<KubeClient, 'list' | 'stream'> {
  readonly discovery: Pick<Discovery, 'resources' | 'invalidate'>;
}

/** What the API server serves, resources and subresources, at most ten minutes old. */
export async function readServedResources(client: {
  readonly discovery: Pick<Discovery, 'resources'>;
}): Promise<readonly ServedResource[]> {
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
export function followDefinitions(
  client: DefinitionsClient,
  log: Logger,
  onChange: () => void,
): { stop(): Promise<void> } {
  const timers = new Set<NodeJS.Timeout>();
  let announced: string | undefined;
  let isStopped = false;

  function announce(): void {
    stopTimers(); // many definitions installed at once are one change
    at(0, async () => {
      client.discovery.invalidate();
      onChange();
      announced = await served();
    });
    for (const delay of LAGS_MS) at(delay, lookAgain);
  }

  async function lookAgain(): Promise<void> {
    if (isStopped) return;
    client.discovery.invalidate();
    const now = await served();
    if (now !== undefined && now === announced) return;
    announced = now;
    if (!isStopped) onChange();
  }

  /** Undefined when it is not known. */
  function served(): Promise<string | undefined> {
    return readServedResources(client).then(JSON.stringify, () => undefined);
  }

  function at(delay: number, act: () => Promise<void>): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void act();
    }, delay);
    timers.add(timer);
  }

  function stopTimers(): void {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  }

  const informer = startInformer({
    client,
    gvr: DEFINITIONS,
    metadataOnly: true,
    onChange() {
      if (informer.hasSynced()) announce();
    },
    onError: (error) => log.warn({ error: messageOf(error) }, 'watching custom kinds failed; it goes on'),
  });
  // The first list may have what came since somebody first asked what is served.
  void informer.synced.then(lookAgain);
  return {
    async stop() {
      isStopped = true;
      stopTimers();
      await informer.stop();
    },
  };
}
