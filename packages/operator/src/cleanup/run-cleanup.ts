import { type CompiledPolicy, decide, type EvaluationRequest } from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type ApiResource, isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import { selectedResources } from '../store/selected-resources.ts';

/** What is told of an object that a policy deleted, or failed to. */
export interface CleanupReport {
  readonly policy: CompiledPolicy;
  readonly request: EvaluationRequest;
  /** Absent when it is gone. */
  readonly problem?: string;
}

export interface CleanupOptions {
  /** Who lists and deletes. */
  readonly cleaner: KubeClient;
  readonly facts: FactSource;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  /** The ConfigMap's resource filters: what they name is never deleted. */
  readonly isExcluded: (request: EvaluationRequest) => boolean;
  readonly onReport: (report: CleanupReport) => void;
  readonly log: Logger;
  readonly now: () => number;
  /** Objects deleted each second at most; 20 unless told. */
  readonly perSecond?: number;
}

/** Seconds the facts of one object may take. */
const FACTS_SECONDS = 30;
const MANAGED_BY = 'app.kubernetes.io/managed-by';

/**
 * Deletes what the policy selects now (kyverno-core §1.4, kyverno-cel §4.5). False when something was left that should
 * perhaps have gone: the run is then to be repeated. What cannot be judged stays.
 */
export async function runCleanup(
  policy: CompiledPolicy,
  options: CleanupOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { cleaner } = options;
  const targets = selectedResources(policy, await cleaner.discovery.resources(), ['list', 'delete']);
  let isComplete = true;
  for (const target of targets) {
    const items = await listTarget(policy, target, options, signal);
    if (items === undefined) isComplete = false;
    for (const item of items ?? []) {
      if (signal.aborted) return false;
      if (!(await cleanOne(policy, target, item, options, signal))) isComplete = false;
    }
  }
  return isComplete;
}

/** `undefined` when the list failed; what we may not read or what is no more holds nothing for us. */
async function listTarget(
  { ref }: CompiledPolicy,
  target: ApiResource,
  { cleaner, log }: CleanupOptions,
  signal: AbortSignal,
): Promise<readonly JsonObject[] | undefined> {
  const scope = ref.namespace === undefined ? {} : { namespace: ref.namespace };
  try {
    const { items } = await cleaner.list(target, { ...scope, signal });
    // Items of a list do not say their kind.
    const apiVersion = target.group === '' ? target.version : `${target.group}/${target.version}`;
    return items.map((item) => ({ ...jsonOf(item), apiVersion, kind: target.kind }));
  } catch (error) {
    const isNothing = isKubeError(error, 'Forbidden') || isKubeError(error, 'NotFound');
    log.warn({ policy: ref.name, resource: target.resource, error: messageOf(error) }, 'a cleanup could not list');
    return isNothing ? [] : undefined;
  }
}

async function cleanOne(
  policy: CompiledPolicy,
  target: ApiResource,
  object: JsonObject,
  options: CleanupOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { facts, isExcluded, onReport } = options;
  const request = toRequest(target, object, options);
  if (isKept(policy, object) || isExcluded(request) || !policy.matches(request, 'delete')) return true;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(FACTS_SECONDS * 1000)]);
  const [decision] = await decide([policy], request, facts, { phase: 'delete', signal: deadline });
  const failure = decision?.results.find(({ status }) => status === 'error');
  if (failure) {
    onReport({ policy, request, problem: failure.message });
    return false;
  }
  if (!decision?.effects.some(({ kind }) => kind === 'delete')) return true;
  const problem = await deleteObject(policy, target, request, options, signal);
  onReport({ policy, request, ...(problem === undefined ? {} : { problem }) });
  await pause(1000 / (options.perSecond ?? 20), signal);
  return problem === undefined;
}

/** What is going already, and, of policies in CEL, what Kyverno generated. */
function isKept({ ref }: CompiledPolicy, object: JsonObject): boolean {
  if (memberAt(object, 'metadata', 'deletionTimestamp') !== undefined) return true;
  return (
    ref.apiVersion.startsWith('policies.kyverno.io/') &&
    memberAt(object, 'metadata', 'labels', MANAGED_BY) === 'kyverno'
  );
}

/** The object as it was judged, and no other of its name. */
async function deleteObject(
  { cleanup }: CompiledPolicy,
  target: ApiResource,
  { resource, namespace, name }: EvaluationRequest,
  { cleaner }: CleanupOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const uid = textAt(resource, 'uid');
  const { propagationPolicy } = cleanup ?? {};
  try {
    await cleaner.delete(
      target,
      { name, ...(namespace === '' ? {} : { namespace }) },
      { signal, preconditions: { uid }, ...(propagationPolicy ? { propagationPolicy } : {}) },
    );
    return undefined;
  } catch (error) {
    return isKubeError(error, 'NotFound') ? undefined : messageOf(error);
  }
}

function toRequest(
  { group, version, kind, resource: plural }: ApiResource,
  object: JsonObject,
  { namespaceLabels, now }: CleanupOptions,
): EvaluationRequest {
  const namespace = textAt(object, 'namespace');
  return {
    operation: 'CREATE',
    kind: { group, version, kind },
    plural,
    subresource: '',
    namespace,
    name: textAt(object, 'name'),
    resource: object,
    oldResource: undefined,
    admission: undefined,
    user: undefined,
    roles: [],
    clusterRoles: [],
    namespaceLabels: namespace === '' ? {} : namespaceLabels(namespace),
    dryRun: false,
    now: now(),
  };
}

function textAt(object: JsonObject | undefined, key: string): string {
  const value = memberAt(object, 'metadata', key);
  return typeof value === 'string' ? value : '';
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
