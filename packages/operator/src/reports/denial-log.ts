import type { Decision, EvaluationRequest } from '@vouchsafe/engine';
import { isJsonArray, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf, kubernetesObjectOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';

export interface DenialLogOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly log: Logger;
  readonly now: () => Date;
  /** Milliseconds between two writes at least. */
  readonly delayMs?: number;
}

/** The last refusals with the steps that led to them, where `vouchsafe explain` finds them, and a line of each in the log. */
export interface DenialLog {
  /** False while as many wait to be written as are kept: explaining more of a flood would cost and help nobody. */
  hasRoom(): boolean;
  record(request: EvaluationRequest, message: string, decisions: readonly Decision[]): void;
  flush(): Promise<void>;
}

export const DENIALS_CONFIG_MAP = 'vouchsafe-denials';
const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' } as const;
const KEPT = 20;
/** Of one entry, so that the ConfigMap stays far below the limit of an object. */
const MAX_ENTRY_BYTES = 24_000;
const MAX_MESSAGE = 8_000;
/** Of one message or step. */
const MAX_TEXT = 2_000;
const MAX_DECISIONS = 10;
const MAX_RESULTS = 20;
const MAX_STEPS = 200;

/**
 * Keeps the last refusals in a ConfigMap of our namespace: who may read it is the cluster's own RBAC, and they outlive a
 * restart. Neither objects nor facts are kept, only names, results and steps.
 */
export function createDenialLog({ client, namespace, log, now, delayMs = 500 }: DenialLogOptions): DenialLog {
  const fresh: JsonObject[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    running = running
      .then(() => write())
      .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'denials were not kept'));
    return running;
  }

  async function write(): Promise<void> {
    if (fresh.length === 0) return;
    const target = { namespace, name: DENIALS_CONFIG_MAP };
    const live = await client.get(CONFIG_MAPS, target).then(jsonOf, (error: unknown) => {
      if (isKubeError(error, 'NotFound')) return undefined;
      throw error;
    });
    const known = parseDenials(memberAt(live, 'data', 'denials.json'));
    const kept = [...fresh.splice(0), ...known].slice(0, KEPT);
    const object = kubernetesObjectOf({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...target, labels: { 'app.kubernetes.io/managed-by': 'kyverno' } },
      data: { 'denials.json': JSON.stringify(kept) },
    });
    await client.patch(CONFIG_MAPS, target, 'apply', object, { fieldManager: 'kyverno', force: true });
  }

  return {
    hasRoom: () => fresh.length < KEPT,
    record(request, message, decisions) {
      const { operation, namespace, name, user } = request;
      const about = { operation, kind: request.kind.kind, namespace, name, user: user?.username ?? '' };
      log.info({ ...about, message: message.trim().slice(0, MAX_TEXT) }, 'a request was refused');
      if (fresh.length >= KEPT) fresh.pop();
      fresh.unshift(toEntry(request, message, decisions, now()));
      timer ??= setTimeout(flush, delayMs);
    },
    flush,
  };
}

function parseDenials(text: Json | undefined): readonly JsonObject[] {
  if (typeof text !== 'string') return [];
  try {
    const parsed: Json = JSON.parse(text);
    return isJsonArray(parsed) ? (parsed as readonly JsonObject[]) : []; // written by us as a list of objects
  } catch {
    return [];
  }
}

/** Texts are cut before anything is measured: whoever is refused may have written them. */
function toEntry(request: EvaluationRequest, message: string, decisions: readonly Decision[], at: Date): JsonObject {
  const relevant = decisions.filter(({ results }) =>
    results.some(({ status }) => status === 'fail' || status === 'error'),
  );
  const shown = relevant.slice(0, MAX_DECISIONS);
  const entry = {
    time: at.toISOString(),
    operation: request.operation,
    kind: request.kind.kind,
    namespace: request.namespace,
    name: request.name,
    user: request.user?.username ?? '',
    message: message.slice(0, MAX_MESSAGE),
  };
  const whole = { ...entry, decisions: shown.map((decision) => toDecisionEntry(decision, true)) };
  if (JSON.stringify(whole).length <= MAX_ENTRY_BYTES) return whole;
  const cut = { ...entry, decisions: shown.map((decision) => toDecisionEntry(decision, false)) };
  return JSON.stringify(cut).length <= MAX_ENTRY_BYTES ? cut : { ...entry, decisions: [] };
}

function toDecisionEntry({ policy, results, trace }: Decision, withSteps: boolean): JsonObject {
  const decision = {
    policy,
    results: results.slice(0, MAX_RESULTS).map((result) => ({ ...result, message: result.message.slice(0, MAX_TEXT) })),
    ...(withSteps && trace
      ? { trace: trace.slice(0, MAX_STEPS).map((step) => ({ ...step, detail: step.detail.slice(0, MAX_TEXT) })) }
      : {}),
  };
  return JSON.parse(JSON.stringify(decision)); // plain data; the types only lack index signatures
}
