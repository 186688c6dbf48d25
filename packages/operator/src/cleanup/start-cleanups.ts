import type { CompiledPolicy } from '@vouchsafe/engine';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type GroupVersionResource, isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { messageOf } from '../settings/logger.ts';
import type { StoredPolicy } from '../store/policy-store.ts';
import { type CleanupOptions, runCleanup } from './run-cleanup.ts';

export interface CleanupsOptions extends CleanupOptions {
  /** Who notes in policies when they ran. */
  readonly client: KubeClient;
  readonly policies: () => readonly StoredPolicy[];
  /** False for replicas that do not lead. */
  readonly mayRun: () => boolean;
  /** Milliseconds between two looks at the schedules at most; ten seconds unless told. */
  readonly lookMs?: number;
}

export interface Cleanups {
  /** Looks at the schedules now: policies changed, or this replica leads. */
  trigger(): void;
  stop(): Promise<void>;
}

const LOOK_MS = 10_000;
const AT_ONCE = 3;
const RETRY_MS = 5_000;
const RETRY_MOST_MS = 600_000;

interface Progress {
  /** When it last ran, or came to be. */
  since: number;
  failures: number;
  retryAt: number;
}

/**
 * Runs the policies that delete on their schedules: at the first instant after `status.lastExecutionTime`, or after they
 * came to be (kyverno-core §1.4). A run that was not complete is repeated, less and less often, and is not noted.
 */
export function startCleanups(options: CleanupsOptions): Cleanups {
  const { policies, mayRun, now, log, lookMs = LOOK_MS } = options;
  const stopping = new AbortController();
  const progress = new Map<string, Progress>();
  const running = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    clearTimeout(timer);
    if (stopping.signal.aborted) return;
    const stored = policies();
    const keys = new Set(stored.map(progressKey));
    for (const key of progress.keys()) if (!keys.has(key)) progress.delete(key);
    let next = now() + lookMs;
    for (const policy of mayRun() ? stored : []) {
      const due = dueOf(policy, progressOf(policy, progress));
      if (due === undefined || running.has(progressKey(policy))) continue;
      if (due > now() || running.size >= AT_ONCE) next = Math.min(next, Math.max(due, now() + 1));
      else start(policy);
    }
    timer = setTimeout(look, Math.max(1, Math.min(next - now(), lookMs)));
  }

  function start(policy: StoredPolicy): void {
    const key = progressKey(policy);
    const run = runOnce(policy, progressOf(policy, progress), options, stopping.signal)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted)
          log.warn({ policy: policy.key, error: messageOf(error) }, 'a cleanup did not end');
        delay(progressOf(policy, progress), now());
      })
      .finally(() => {
        running.delete(key);
        look();
      });
    running.set(key, run);
  }

  look();
  return {
    trigger: look,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}

/** A policy that was written anew begins anew. */
function progressKey({ key, document }: StoredPolicy): string {
  return `${key}/${String(memberAt(document, 'metadata', 'uid') ?? '')}`;
}

function progressOf(policy: StoredPolicy, progress: Map<string, Progress>): Progress {
  const key = progressKey(policy);
  let known = progress.get(key);
  if (!known) {
    known = { since: lastRun(policy.document) ?? 0, failures: 0, retryAt: 0 };
    progress.set(key, known);
  }
  return known;
}

function dueOf({ compiled }: StoredPolicy, { since, retryAt }: Progress): number | undefined {
  const due = compiled?.cleanup?.schedule.next(since);
  return due === undefined ? undefined : Math.max(due, retryAt);
}

/** Milliseconds since the epoch, of what the API server knows. */
function lastRun(document: JsonObject): number | undefined {
  for (const written of [
    memberAt(document, 'status', 'lastExecutionTime'),
    memberAt(document, 'metadata', 'creationTimestamp'),
  ]) {
    const time = typeof written === 'string' ? Date.parse(written) : Number.NaN;
    if (!Number.isNaN(time)) return time;
  }
  return undefined;
}

function delay(progress: Progress, at: number): void {
  progress.failures += 1;
  progress.retryAt = at + Math.min(RETRY_MS * 2 ** (progress.failures - 1), RETRY_MOST_MS);
}

async function runOnce(
  { compiled, document }: StoredPolicy,
  progress: Progress,
  options: CleanupsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { client, now } = options;
  if (!compiled?.cleanup) return;
  const gvr = resourceOf(compiled);
  // What we were told of it may be old: another replica may have run it, and nobody deletes by a policy that changed.
  const fresh = await readPolicy(client, gvr, compiled, signal);
  const isSame = fresh && ['uid', 'generation'].every((name) => same(fresh, document, name));
  if (!isSame) {
    delay(progress, now());
    return;
  }
  progress.since = Math.max(progress.since, lastRun(fresh) ?? 0);
  const due = compiled.cleanup.schedule.next(progress.since);
  if (due === undefined || due > now()) return;
  const at = now();
  if (!(await runCleanup(compiled, options, signal))) {
    delay(progress, now());
    return;
  }
  Object.assign(progress, { since: at, failures: 0, retryAt: 0 });
  await client.patch(
    gvr,
    { ...nameOf(compiled), subresource: 'status' },
    'merge',
    { status: { lastExecutionTime: new Date(at).toISOString().replace(/\.\d+Z$/, 'Z') } },
    { signal },
  );
}

async function readPolicy(
  client: KubeClient,
  gvr: GroupVersionResource,
  policy: CompiledPolicy,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  try {
    return jsonOf(await client.get(gvr, nameOf(policy), { signal }));
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  }
}

function same(a: JsonObject, b: JsonObject, name: string): boolean {
  return memberAt(a, 'metadata', name) === memberAt(b, 'metadata', name);
}

function nameOf({ ref }: CompiledPolicy): { readonly name: string; readonly namespace?: string } {
  return { name: ref.name, ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }) };
}

/** `ClusterCleanupPolicy` is served as `clustercleanuppolicies`. */
function resourceOf({ ref }: CompiledPolicy): GroupVersionResource {
  const [group = '', version = ''] = ref.apiVersion.split('/');
  return { group, version, resource: ref.kind.toLowerCase().replace(/y$/, 'ies') };
}
