import {
  type ApiResource,
  type DeleteOptions,
  isKubeError,
  type KubeClient,
  type KubernetesObject,
} from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';
import { parseTtl, TTL_LABEL } from './ttl-label.ts';

export interface TtlOptions {
  /** Who lists and deletes. */
  readonly cleaner: KubeClient;
  readonly mayRun: () => boolean;
  readonly intervalMs: number;
  readonly onDeleted: (kind: string, namespace: string, problem: string | undefined) => void;
  readonly log: Logger;
  readonly now: () => number;
}

export interface Ttl {
  stop(): Promise<void>;
}

const PROPAGATION = 'cleanup.kyverno.io/propagation-policy';

/** Deletes objects labelled `cleanup.kyverno.io/ttl` when their time has come, of all kinds we may list and delete. */
export function startTtl(options: TtlOptions): Ttl {
  const { mayRun, intervalMs, log } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  function start(): void {
    if (stopping.signal.aborted) return;
    running = (mayRun() ? sweep(options, stopping.signal) : Promise.resolve())
      .catch((error: unknown) => {
        if (!stopping.signal.aborted)
          log.warn({ error: messageOf(error) }, 'objects with a lifetime were not looked at');
      })
      .then(() => {
        if (!stopping.signal.aborted) timer = setTimeout(start, intervalMs);
      });
  }

  timer = setTimeout(start, Math.min(intervalMs, 1000));
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

async function sweep(options: TtlOptions, signal: AbortSignal): Promise<void> {
  const { cleaner } = options;
  const served = await cleaner.discovery.resources();
  for (const resource of served) {
    const { verbs, isPreferredVersion } = resource;
    if (signal.aborted) return;
    if (isPreferredVersion && ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb))) {
      for (const item of await listLabelled(cleaner, resource, signal)) await expire(resource, item, options, signal);
    }
  }
}

/** What we may not list we may not delete either; such kinds are left out silently, as in Kyverno. */
async function listLabelled(
  cleaner: KubeClient,
  resource: ApiResource,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  try {
    return (await cleaner.list(resource, { labelSelector: TTL_LABEL, metadataOnly: true, signal })).items;
  } catch (error) {
    if (isKubeError(error)) return [];
    throw error;
  }
}

function toPropagation(text: string | undefined): DeleteOptions['propagationPolicy'] {
  return text === 'Foreground' || text === 'Background' || text === 'Orphan' ? text : undefined;
}

async function expire(
  resource: ApiResource,
  { metadata }: KubernetesObject,
  { cleaner, onDeleted, log, now }: TtlOptions,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace = '', uid, labels = {}, annotations = {}, creationTimestamp, deletionTimestamp } = metadata;
  if (name === undefined || deletionTimestamp !== undefined) return;
  const label = labels[TTL_LABEL] ?? '';
  const end = parseTtl(label, Date.parse(creationTimestamp ?? ''));
  if (end === undefined || Number.isNaN(end)) {
    log.warn({ resource: resource.resource, namespace, name }, `the label ${TTL_LABEL} says no time`);
    return;
  }
  if (end > now()) return;
  const propagationPolicy = toPropagation(annotations[PROPAGATION]);
  const target = { name, ...(namespace === '' ? {} : { namespace }) };
  const problem = await cleaner
    .delete(resource, target, {
      signal,
      ...(uid === undefined ? {} : { preconditions: { uid } }),
      ...(propagationPolicy ? { propagationPolicy } : {}),
    })
    .then(
      () => undefined,
      (error: unknown) => (isKubeError(error, 'NotFound') ? undefined : messageOf(error)),
    );
  if (problem !== undefined)
    log.warn({ resource: resource.resource, namespace, name, error: problem }, 'its time came');
  onDeleted(resource.kind, namespace, problem);
}
