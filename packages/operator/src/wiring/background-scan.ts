import {
  type BypassJudge,
  type CompiledPolicy,
  type Decision,
  type EvaluationRequest,
  policyId,
  type ResourceSelector,
  toResourceRef,
} from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { ApiResource, KubeClient } from '@vouchsafe/kube';
import { decideForReport } from '../facts/decide-for-report.ts';
import { isMutationScanned, scanMutations } from '../facts/scan-mutations.ts';
import type { ResultLedger } from '../reports/result-ledger.ts';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { PolicySnapshot } from '../store/policy-store.ts';

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
  stop(): Promise<void>;
}

const SETTLE_MS = 500;
/** Seconds the facts of one resource may take. */
const FACTS_SECONDS = 30;
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
    async stop() {
      stopping.abort();
      clearTimeout(timer);
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
    const { items } = await client.list(resource, { signal });
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

/** The listable resources of the kinds that policies name; a wildcard names none here, as it would be everything. */
async function scannedResources(
  client: KubeClient,
  policies: readonly CompiledPolicy[],
): Promise<readonly ApiResource[]> {
  const selectors = policies.flatMap((policy) => policy.selectors.filter(isScanned));
  const kinds = new Set(selectors.flatMap(({ kind, resource }) => (resource === undefined ? [kind] : [])));
  const named = new Set(
    selectors.flatMap(({ group, resource }) => (resource === undefined ? [] : [`${group}/${resource}`])),
  );
  const served = await client.discovery.resources();
  return served.filter(
    ({ group, kind, resource, isPreferredVersion, verbs }) =>
      isPreferredVersion && verbs.includes('list') && (kinds.has(kind) || named.has(`${group}/${resource}`)),
  );
}

/** Only policies in CEL name plurals; they are scanned when they mutate, too. */
function isScanned({ subresource, phases, resource }: ResourceSelector): boolean {
  if (subresource !== '') return false;
  return phases.has('validate') || phases.has('verify-images') || (resource !== undefined && phases.has('mutate'));
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
  const judging = all.candidates(request, 'validate').filter(({ background }) => background);
  const mutating = all.candidates(request, 'mutate').filter(isMutationScanned);
  const candidates = [...judging, ...mutating];
  if (candidates.length === 0) return;
  const waits = bypass !== undefined || candidates.some(({ needs }) => needs.size > 0);
  const bound = waits ? { signal: AbortSignal.any([signal, AbortSignal.timeout(FACTS_SECONDS * 1000)]) } : {};
  const decisions = [
    ...(judging.length > 0 ? await decideForReport(judging, request, facts, bound) : []),
    ...(await scanMutations(mutating, request, facts, bound)),
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
