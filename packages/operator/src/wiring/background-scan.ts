import { type BypassJudge, type Decision, type EvaluationRequest, policyId, toResourceRef } from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type ApiResource, ignoreNotFound, isKubeError, type KubeClient, type KubernetesObject } from '@vouchsafe/kube';
import { decideForReport, verifiesImages } from '../facts/decide-for-report.ts';
import { isMutationScanned, scanMutations } from '../facts/scan-mutations.ts';
import type { ResultLedger } from '../reports/result-ledger.ts';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { PolicySnapshot } from '../store/policy-store.ts';
import { scannedResources } from './scanned-resources.ts';

export interface BackgroundScanOptions {
  readonly client: KubeClient;
  readonly facts: FactSource;
  readonly snapshot: () => PolicySnapshot;
  readonly ledger: ResultLedger;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  readonly isExcluded: (request: EvaluationRequest) => boolean;
  readonly onScanned: (request: EvaluationRequest, decisions: readonly Decision[]) => void;
  readonly intervalMs: number;
  /** Resources looked at at once. */
  readonly workers: number;
  /** Milliseconds that changes of policies are gathered before a scan; half a second unless told. */
  readonly settleMs?: number;
  /** False for replicas that do not lead: scans asked for or due meanwhile are left out. */
  readonly mayScan: () => boolean;
  readonly log: Logger;
  readonly now: () => number;
  /** Heeds the annotation that asks for a bypass; absent when that is off. */
  readonly bypass?: BypassJudge | undefined;
}

export interface BackgroundScan {
  /** Asks for a scan soon, because policies changed. */
  trigger(): void;
  /** Judges one object soon, because it is new or changed. */
  touch(resource: ApiResource, namespace: string, name: string): void;
  stop(): Promise<void>;
}

const SETTLE_MS = 500;
/** Seconds the facts of one resource may take. */
const FACTS_SECONDS = 30;
/** Changed objects that wait to be judged. */
const MOST_TOUCHED = 10_000;
/** Resources between two breaths: admission goes first. */
const BATCH = 20;

/**
 * Evaluates what is in the cluster already: at start, when policies change, and every `intervalMs` (kyverno-core
 * §1.8.3). So a result that a crash lost, and every object older than its policy, comes into the reports.
 */
export function startBackgroundScan(options: BackgroundScanOptions): BackgroundScan {
  const { log, intervalMs, settleMs = SETTLE_MS } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isWanted = false;
  const touched = new Map<string, () => Promise<void>>();
  let touching: Promise<void> | undefined;

  function judgeSoon(): void {
    touching ??= judgeTouched().finally(() => {
      touching = undefined;
      if (touched.size > 0 && !stopping.signal.aborted) judgeSoon();
    });
  }

  async function judgeTouched(): Promise<void> {
    for (const [key, judge] of touched) {
      touched.delete(key);
      if (stopping.signal.aborted) return;
      await judge().catch((error: unknown) => log.warn({ error: messageOf(error) }, 'an object was not scanned'));
    }
  }

  async function run(): Promise<void> {
    isWanted = false;
    if (!options.mayScan()) return;
    await scan(options, stopping.signal).catch((error: unknown) => {
      if (!stopping.signal.aborted) log.warn({ error: messageOf(error) }, 'a background scan did not end');
    });
  }

  function start(): void {
    clearTimeout(timer);
    if (stopping.signal.aborted) return;
    running ??= run().finally(() => {
      running = undefined;
      if (stopping.signal.aborted) return;
      timer = setTimeout(start, isWanted ? settleMs : intervalMs);
    });
  }

  return {
    trigger() {
      isWanted = true;
      if (running || stopping.signal.aborted) return;
      clearTimeout(timer);
      timer = setTimeout(start, settleMs);
    },
    touch(resource, namespace, name) {
      // Beyond the bound the next scan finds them.
      if (stopping.signal.aborted || !options.mayScan() || touched.size >= MOST_TOUCHED) return;
      touched.set(`${resource.group}/${resource.resource}/${namespace}/${name}`, async () => {
        const target = { name, ...(namespace === '' ? {} : { namespace }) };
        const object = await ignoreNotFound(options.client.get(resource, target));
        if (object) await scanOne(options, resource, jsonOf(object), stopping.signal);
      });
      judgeSoon();
    },
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await touching;
      await running;
    },
  };
}

async function scan(options: BackgroundScanOptions, signal: AbortSignal): Promise<void> {
  const { client, snapshot } = options;
  const policies = snapshot().indexes.all.policies.filter(({ background }) => background);
  if (policies.length === 0) return;
  const resources = await scannedResources(client, policies);
  for (const resource of resources) {
    const items = await listOf(options, resource, signal);
    const waiting = items.values();
    const work = async (): Promise<void> => {
      let count = 0;
      for (const item of waiting) {
        if (signal.aborted) return;
        await scanOne(options, resource, jsonOf(item), signal);
        count += 1;
        if (count % BATCH === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: options.workers }, work));
  }
}

/** What may not be read, or is not served any more, costs no other kind its results. */
async function listOf(
  { client, log }: BackgroundScanOptions,
  resource: ApiResource,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  try {
    return (await client.list(resource, { signal })).items;
  } catch (error) {
    if (!isKubeError(error, 'Forbidden') && !isKubeError(error, 'NotFound')) throw error;
    log.warn({ group: resource.group, resource: resource.resource, error: messageOf(error) }, 'a kind was not scanned');
    return [];
  }
}

async function scanOne(
  options: BackgroundScanOptions,
  { group, version, kind, resource }: ApiResource,
  object: JsonObject,
  signal: AbortSignal,
): Promise<void> {
  const { facts, snapshot, ledger, namespaceLabels, isExcluded, onScanned, now, bypass } = options;
  const text = (name: string) => {
    const value = memberAt(object, 'metadata', name);
    return typeof value === 'string' ? value : '';
  };
  const namespace = text('namespace');
  const request: EvaluationRequest = {
    operation: 'CREATE',
    kind: { group, version, kind },
    plural: resource,
    subresource: '',
    namespace,
    name: text('name'),
    resource: object,
    oldResource: undefined,
    admission: undefined,
    user: undefined,
    roles: [],
    clusterRoles: [],
    namespaceLabels: namespace ? namespaceLabels(namespace) : {},
    dryRun: false,
    now: now(),
    ...(bypass ? { bypass } : {}),
  };
  if (isExcluded(request)) return;
  const { all } = snapshot().indexes;
  const validating = all.candidates(request, 'validate');
  // A rule that asks for neither digests nor verified images has nothing to validate, and something to tell.
  const verifying = all
    .candidates(request, 'verify-images')
    .filter((policy) => verifiesImages(policy) && !validating.includes(policy));
  const judging = [...validating, ...verifying].filter(({ background }) => background);
  const mutating = all.candidates(request, 'mutate').filter(isMutationScanned);
  const candidates = [...judging, ...mutating];
  if (candidates.length === 0) return;
  let deadline: AbortSignal | undefined;
  const bound = {
    signal: () => (deadline ??= AbortSignal.any([signal, AbortSignal.timeout(FACTS_SECONDS * 1000)])),
  };
  const decisions = [
    ...(judging.length > 0 ? await decideForReport(judging, request, facts, bound) : []),
    ...(mutating.length > 0 ? await scanMutations(mutating, request, facts, { signal: bound.signal() }) : []),
  ];
  ledger.record(
    toResourceRef(request),
    decisions,
    new Map(candidates.map((policy) => [policyId(policy.ref), policy])),
    now(),
    object,
  );
  onScanned(request, decisions);
}
