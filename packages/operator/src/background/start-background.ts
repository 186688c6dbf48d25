import { type CompiledPolicy, type Decision, decide, type Effect, type EvaluationRequest } from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { KubeClient } from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { PolicySnapshot } from '../store/policy-store.ts';
import { type Applied, applyEffect } from './apply-effect.ts';
import { askedBy } from './asked-by.ts';
import { findTrigger } from './find-trigger.ts';
import { isReported, withGenerated } from './generated-results.ts';
import { isInCel } from './keeper.ts';
import { heedingRules, triggeredByOwn } from './own-requests.ts';
import { isAboutDeletion } from './synchronization.ts';

/** What became of one object that a policy asked for. */
export interface BackgroundReport {
  readonly policy: Decision['policy'];
  readonly rule: string;
  readonly kind: 'create' | 'update';
  readonly object: Effect & { readonly kind: 'create' | 'update' };
  readonly outcome: Applied | { readonly problem: string };
}

export interface BackgroundOptions {
  readonly client: KubeClient;
  readonly facts: FactSource;
  readonly snapshot: () => PolicySnapshot;
  /** Our own user name: what we do ourselves triggers nothing. */
  readonly ownName: () => Promise<string>;
  /** Something was generated that goes with its trigger. */
  readonly isKept: () => boolean;
  /** The object of a request is deleted; it may have triggered something. */
  readonly onTriggerGone: (request: EvaluationRequest) => Promise<void>;
  /** Something that goes with it was generated for the object of this UID. */
  readonly isTrigger: (uid: string) => boolean;
  /** Such an object was updated. */
  readonly onTriggerChanged: (request: EvaluationRequest) => Promise<void>;
  /** Objects that the ConfigMap keeps from policies; rules of ClusterPolicies change them all the same, as Kyverno's do. */
  readonly isExcludedTarget: (object: JsonObject) => boolean;
  readonly onReport: (report: BackgroundReport) => void;
  /** What is reported about the object that triggered something, when no attempt is left or needed. */
  readonly onDecided: (request: EvaluationRequest, decision: Decision) => void;
  /** A rule that could not be evaluated. */
  readonly onProblem: (policy: Decision['policy'], rule: string, problem: string) => void;
  readonly log: Logger;
  readonly now: () => number;
  /** Triggers that may wait; 1000 unless told. */
  readonly capacity?: number;
}

export interface Background {
  /** Does, after the answer, what policies ask for because of an admitted request. Never waits. */
  enqueue(request: EvaluationRequest): void;
  /**
   * The same for an object that is there already, with these rules of one policy. Resolves to the objects they ask for;
   * `undefined` when those are not known or not all were made.
   */
  applyTo(
    policy: CompiledPolicy,
    request: EvaluationRequest,
    rules: ReadonlySet<string>,
  ): Promise<readonly JsonObject[] | undefined>;
  /** The same, tried once. What fails is told of the last attempt alone. */
  attempt(
    policy: CompiledPolicy,
    request: EvaluationRequest,
    rules: ReadonlySet<string>,
    isLast: boolean,
  ): Promise<readonly JsonObject[] | undefined>;
  /** What a rule asks for because of a trigger; undefined when it cannot be evaluated, or leaves things as they are. */
  askedBy(policy: CompiledPolicy, request: EvaluationRequest, rule: string): Promise<readonly JsonObject[] | undefined>;
  readonly dropped: number;
  stop(): Promise<void>;
}

const CAPACITY = 1000;
const WORKERS = 4;
/** Milliseconds before each further attempt. */
export const ATTEMPTS_MS: readonly number[] = [0, 1000, 4000];
const FACTS_SECONDS = 30;
/** Requests whose triggers are remembered: one that several webhooks saw is one trigger. */
const REMEMBERED = 10_000;
/** A request is shown to all its webhooks within this time. */
const REQUEST_MS = 30_000;

/** Objects that generate rules, GeneratingPolicies and mutations of existing objects ask for (kyverno-core §1.7). */
export function startBackground(options: BackgroundOptions): Background {
  const { client, snapshot, log, capacity = CAPACITY } = options;
  const stopping = new AbortController();
  const waiting: EvaluationRequest[] = [];
  const seen = new Set<string>();
  const handled = new Map<string, number>();
  const workers = new Set<Promise<void>>();
  let dropped = 0;

  async function work(): Promise<void> {
    for (let request = waiting.shift(); request; request = waiting.shift()) {
      if (stopping.signal.aborted) return;
      await trigger(request).catch((error: unknown) => {
        if (!stopping.signal.aborted) log.warn({ error: messageOf(error) }, 'what a request triggers was not done');
      });
    }
  }

  async function trigger(request: EvaluationRequest): Promise<void> {
    const isOwn = request.user?.username === (await options.ownName());
    if (isOwn && !snapshot().policies.some(({ document }) => triggeredByOwn(document))) return;
    const found = await findTrigger(client, request, stopping.signal);
    if (!found || isHandled(found)) return;
    const isDeletion = found.operation === 'DELETE';
    if (isDeletion && !isOwn) await options.onTriggerGone(found);
    else if (!isOwn && isKnownTrigger(found)) await options.onTriggerChanged(found);
    // A deletion generates something only where the policy says so.
    const policies = snapshot()
      .indexes.all.candidates(found, 'generate')
      .filter((policy) => policy.admission && (!isDeletion || isAboutDeletion(policy, found)));
    for (const policy of policies) {
      const heeding = isOwn ? heedingRules(policy.ref, snapshot().policies) : true;
      if (heeding === undefined) continue;
      await applyPolicy(policy, found, heeding === true ? undefined : heeding, options, stopping.signal);
    }
  }

  /** The API server gives the reviews of one request, one a webhook, names of their own. */
  function isHandled(found: EvaluationRequest): boolean {
    const change = changeOf(found);
    if (change === undefined) return false;
    const time = options.now();
    const before = handled.get(change);
    if (before !== undefined && time - before < REQUEST_MS) return true;
    if (handled.size >= REMEMBERED) handled.clear();
    handled.set(change, time);
    return false;
  }

  function isKnownTrigger({ operation, oldResource }: EvaluationRequest): boolean {
    const uid = operation === 'UPDATE' && memberAt(oldResource, 'metadata', 'uid');
    return typeof uid === 'string' && options.isTrigger(uid);
  }

  return {
    enqueue(request) {
      const uid = memberAt(request.admission, 'uid');
      if (request.dryRun || stopping.signal.aborted) return;
      const isLost = request.operation === 'DELETE' && options.isKept();
      if (!isLost && !isKnownTrigger(request) && snapshot().indexes.all.candidates(request, 'generate').length === 0)
        return;
      if (typeof uid === 'string') {
        if (seen.has(uid)) return;
        if (seen.size >= REMEMBERED) seen.clear();
        seen.add(uid);
      }
      if (waiting.length >= capacity) {
        dropped += 1;
        log.warn({ dropped }, 'too many requests wait for what they trigger; one was dropped');
        return;
      }
      const { bypass: _bypass, ...kept } = request;
      waiting.push(kept);
      if (workers.size >= WORKERS) return;
      const worker = work().finally(() => workers.delete(worker));
      workers.add(worker);
    },
    applyTo: (policy, request, rules) => applyPolicy(policy, request, rules, options, stopping.signal),
    attempt: async (policy, request, rules, isLast) =>
      isMadeBy(policy, request) ? [] : attemptOnce(policy, request, { rules, isLast }, options, stopping.signal),
    askedBy(policy, request, rule) {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(FACTS_SECONDS * 1000)]);
      return askedBy(policy, { ...request, now: options.now() }, rule, { facts: options.facts, signal });
    },
    get dropped() {
      return dropped;
    },
    async stop() {
      stopping.abort();
      await Promise.all(workers);
    },
  };
}

/** What a request did, to which state of which object; undefined for what is no object. */
function changeOf({ operation, subresource, resource, oldResource }: EvaluationRequest): string | undefined {
  const before = operation === 'CREATE' ? resource : oldResource;
  const uid = memberAt(before, 'metadata', 'uid');
  if (typeof uid !== 'string' || subresource !== '') return undefined;
  return [operation, uid, operation === 'UPDATE' ? memberAt(before, 'metadata', 'resourceVersion') : ''].join(' ');
}

/** Evaluates one policy and applies its effects; what fails is tried again with what is known then. */
async function applyPolicy(
  policy: CompiledPolicy,
  request: EvaluationRequest,
  rules: ReadonlySet<string> | undefined,
  options: BackgroundOptions,
  signal: AbortSignal,
): Promise<readonly JsonObject[] | undefined> {
  if (isMadeBy(policy, request)) return undefined;
  for (const [attempt, delay] of ATTEMPTS_MS.entries()) {
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (signal.aborted) return undefined;
    const isLast = attempt === ATTEMPTS_MS.length - 1;
    const asked = await attemptOnce(policy, request, { rules, isLast }, options, signal);
    if (asked) return asked;
  }
  return undefined;
}

/** An object that a policy generated triggers that very policy never: it would generate for ever. */
function isMadeBy({ ref }: CompiledPolicy, { resource }: EvaluationRequest): boolean {
  return memberAt(resource, 'metadata', 'labels', 'generate.kyverno.io/policy-name') === ref.name;
}

function isKeptFrom({ policy }: Decision, { kind, resource }: Write, { isExcludedTarget }: BackgroundOptions): boolean {
  return kind === 'update' && policy.kind.endsWith('MutatingPolicy') && isExcludedTarget(resource);
}

type Write = Extract<Effect, { readonly kind: 'create' | 'update' }>;

/** What a policy in CEL made is brought up to date with every admission of its trigger; a look at what exists leaves it as it is. */
function refreshing(effect: Write, { ref }: CompiledPolicy, { admission }: EvaluationRequest): Write {
  return effect.kind === 'create' && admission !== undefined && isInCel(ref)
    ? { ...effect, synchronize: true }
    : effect;
}

interface Attempt {
  readonly rules: ReadonlySet<string> | undefined;
  /** What fails now is told. */
  readonly isLast: boolean;
}

async function attemptOnce(
  policy: CompiledPolicy,
  request: EvaluationRequest,
  { rules, isLast }: Attempt,
  options: BackgroundOptions,
  signal: AbortSignal,
): Promise<readonly JsonObject[] | undefined> {
  const { client, facts, onReport, onProblem, onDecided, now } = options;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(FACTS_SECONDS * 1000)]);
  const fresh = { ...request, now: now() };
  const [decision] = await decide([policy], fresh, facts, { phase: 'generate', signal: deadline });
  if (!decision) return [];
  const isAsked = (rule: string) => rules === undefined || rules.has(rule);
  const broken = decision.results.filter(({ rule, status }) => status === 'error' && isAsked(rule));
  if (isLast) for (const { rule, message } of broken) onProblem(decision.policy, rule, message);
  let isDone = broken.length === 0;
  const reports: BackgroundReport[] = [];
  for (const effect of decision.effects) {
    if (effect.kind !== 'create' && effect.kind !== 'update') continue;
    const rule = effect.rule ?? '';
    if (!isAsked(rule) || isKeptFrom(decision, effect, options)) continue;
    const outcome = await applyEffect(client, decision.policy, refreshing(effect, policy, request), deadline).catch(
      (error: unknown) => ({
        problem: messageOf(error),
      }),
    );
    if (typeof outcome === 'object') isDone = false;
    const report = { policy: decision.policy, rule, kind: effect.kind, object: effect, outcome };
    reports.push(report);
    if (typeof outcome === 'string' || isLast) onReport(report);
  }
  if ((isDone || isLast) && isReported(decision)) onDecided(request, withGenerated(decision, reports));
  return isDone ? reports.map(({ object }) => object.resource) : undefined;
}
