import {
  type BypassJudge,
  type CompiledPolicy,
  type Decision,
  decide,
  decideAtOnce,
  type EvaluationRequest,
  type GroupVersionKind,
  type Phase,
  toRequest,
  withResource,
} from '@vouchsafe/engine';
import { type FactSource, FactTable } from '@vouchsafe/engine/facts';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { type AdmissionResponse, toAdmissionResponse } from '@vouchsafe/engine/report';
import { decideForReport } from '../facts/decide-for-report.ts';
import type { ClusterConfiguration } from '../settings/cluster-configuration.ts';
import { messageOf } from '../settings/logger.ts';
import { isBootstrapKind } from '../store/bootstrap-resources.ts';
import type { PolicySnapshot } from '../store/policy-store.ts';
import { restoreProtectedAnnotations, stripProtectedAnnotations } from './annotation-guard.ts';
import type { BypassLedger } from './bypass-ledger.ts';
import type { AdmissionAnswer, AdmissionRequest } from './review.ts';
import type { RoleIndex } from './role-index.ts';
import { splitByStanding } from './split-by-standing.ts';

export interface ReviewHandlerOptions {
  readonly snapshot: () => PolicySnapshot;
  readonly facts: FactSource;
  readonly configuration: () => ClusterConfiguration;
  readonly roles: () => RoleIndex;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  /** The kind that owns the subresource of a request: `Deployment` for `deployments/scale`, whose object is a Scale. */
  readonly parentKind: (admission: JsonObject) => GroupVersionKind | undefined;
  /** Told after the answer is on its way, in order; never throws into the request. */
  readonly onDecided: (outcome: ReviewOutcome) => void;
  /** Audit work for after the answer; refuses (drops) beyond its bound. */
  readonly enqueueAudit: (work: () => Promise<void> | undefined) => void;
  readonly now: () => number;
  /** Those of the mutating policies in CEL that are about requests of a user; all of them when absent. */
  readonly heeding?: (policies: readonly CompiledPolicy[], username: string) => Promise<readonly CompiledPolicy[]>;
  /** Heeds the annotation that asks for a bypass; absent when that is off. */
  readonly bypass?: { readonly judge: BypassJudge; readonly ledger: BypassLedger };
}

export interface ReviewOutcome {
  readonly webhook: 'mutating' | 'validating';
  readonly request: EvaluationRequest;
  readonly decisions: readonly Decision[];
  readonly allowed: boolean;
  readonly message: string | undefined;
  /** Computed after the answer: counts and reports alone. */
  readonly late: boolean;
  /** Seconds. */
  readonly duration: number;
  /** The same decisions again with their steps, computed only when asked for. */
  readonly explain: () => Promise<readonly Decision[]>;
}

export interface ReviewHandler {
  mutate(request: AdmissionRequest, route: ReviewRoute): Promise<AdmissionAnswer>;
  /** At once when no fact has to be awaited. */
  validate(request: AdmissionRequest, route: ReviewRoute): AdmissionAnswer | Promise<AdmissionAnswer>;
  guard(request: AdmissionRequest): AdmissionAnswer;
}

export interface ReviewRoute {
  readonly failurePolicy: 'Fail' | 'Ignore';
  /** The key of the policy whose own webhook was called. */
  readonly policy?: string;
  /** The family of policies in CEL whose webhook was called, and the names in its path; none stand for all. */
  readonly family?: { readonly path: string; readonly names: ReadonlySet<string> };
  /** Ends the wait for facts a little before the caller stops waiting. The same signal for the whole request. */
  readonly deadline: () => AbortSignal;
}

const DEFAULT_TIMEOUT_SECONDS = 10;
/** What is kept of the caller's patience for everything but waiting for facts. */
const MARGIN_MS = 500;

/** Turns AdmissionReviews into answers: the flow of kyverno-core §4.2. */
export function createReviewHandler(options: ReviewHandlerOptions): ReviewHandler {
  const { snapshot, facts, configuration, roles, namespaceLabels, parentKind, onDecided, enqueueAudit, now } = options;

  /** Told together after the answers of a turn. */
  const decided: ReviewOutcome[] = [];

  function toEvaluation(request: AdmissionRequest): EvaluationRequest {
    const parent = request.subresource === '' ? undefined : parentKind(request.document);
    const evaluation = toRequest(request.document, {
      ...(parent ? { kind: parent } : {}),
      ...roles().rolesOf(request, request.namespace),
      namespaceLabels: request.namespace ? namespaceLabels(request.namespace) : {},
      now: now(),
    });
    return options.bypass ? { ...evaluation, bypass: options.bypass.judge } : evaluation;
  }

  function candidates(evaluation: EvaluationRequest, phase: Phase, route: ReviewRoute): readonly CompiledPolicy[] {
    const { indexes, fineGrained, families } = snapshot();
    if (route.family) {
      const { path, names } = route.family;
      const found = families.get(path)?.candidates(evaluation, phase) ?? [];
      // The same list where it can be: what is prepared for it is found by it.
      return names.size === 0 || found.every(({ ref }) => names.has(ref.name))
        ? found
        : found.filter(({ ref }) => names.has(ref.name));
    }
    if (route.policy !== undefined) return fineGrained.get(route.policy)?.candidates(evaluation, phase) ?? [];
    const registered = indexes[route.failurePolicy].candidates(evaluation, phase);
    if (route.failurePolicy === 'Fail' || !isBootstrapKind(evaluation.kind)) return registered;
    return [...registered, ...indexes.bootstrap.candidates(evaluation, phase)];
  }

  return {
    async mutate(request, route) {
      const started = now();
      const received = toEvaluation(request);
      const claims =
        !route.family && snapshot().verifiesImagesOf(received.kind.kind) && request.object
          ? stripProtectedAnnotations(request.object)
          : undefined;
      const evaluation = claims ? withResource(received, claims.object) : received;
      const stripped = claims?.operations ?? [];
      if (configuration().isExcluded(evaluation)) return { allowed: true, patch: stripped };
      const table = new FactTable(facts);
      const run = async (trace: boolean): Promise<Decision[]> => {
        const found = candidates(evaluation, 'mutate', route);
        const heeding = route.family && options.heeding ? await options.heeding(found, request.username) : found;
        const mutations = await decideWithin(heeding, evaluation, 'mutate', route, table, trace);
        const mutated = mutations.findLast(({ patched }) => patched !== undefined)?.patched;
        const next = mutated ? withResource(evaluation, mutated) : evaluation;
        const verifications = await decideWithin(
          candidates(next, 'verify-images', route),
          next,
          'verify-images',
          route,
          table,
          trace,
        );
        return [...mutations, ...verifications];
      };
      const decisions = await run(false);
      const sealed = await othersOutcomes(evaluation, decisions, route, table, stripped.length > 0);
      const response = toAdmissionResponse(decisions, evaluation);
      const patch = response.allowed
        ? toAdmissionResponse([...sealed, ...decisions], evaluation, { patch: true }).patch
        : [];
      tell('mutating', evaluation, decisions, response, started, false, () => run(true));
      return toAnswer({ ...response, ...(patch ? { patch } : {}) }, stripped);
    },

    validate(request, route) {
      const started = now();
      const evaluation = toEvaluation(request);
      if (configuration().isExcluded(evaluation)) return { allowed: true };
      const table = new FactTable(facts);
      const policies = candidates(evaluation, 'validate', route);
      const { inTime, later } = splitByStanding(policies, evaluation);
      const run = (trace: boolean) =>
        askWitnesses(inTime, evaluation, (policies) =>
          decideWithin(policies, evaluation, 'validate', route, table, trace),
        );
      const conclude = (decisions: readonly Decision[]): AdmissionAnswer => {
        const response = toAdmissionResponse(decisions, evaluation);
        tell('validating', evaluation, decisions, response, started, false, async () => run(true));
        if (response.allowed && later.length > 0) enqueueAudit(() => auditLater(later, evaluation, response, table));
        return toAnswer(response, []);
      };
      const concludeKept = (decisions: readonly Decision[]): AdmissionAnswer | Promise<AdmissionAnswer> => {
        const kept = keepGrants(evaluation, decisions);
        return kept ? kept.then((problem) => problem ?? conclude(decisions)) : conclude(decisions);
      };
      const decisions = run(false);
      return decisions instanceof Promise ? decisions.then(concludeKept) : concludeKept(decisions);
    },

    guard(request) {
      if (!request.object) return { allowed: true };
      return { allowed: true, patch: restoreProtectedAnnotations(request.object, request.oldObject) };
    },
  };

  /**
   * A Pod may be the concern of several webhooks: Fail, Ignore, those of single policies. Each strips what the others wrote,
   * as it cannot tell it from a forgery, so it asks their policies again (their answers are known by now) for the annotation
   * alone. All but the one for Ignore, which is called last, are called once more when another changed something: they need
   * not ask when there was nothing to strip.
   */
  async function othersOutcomes(
    evaluation: EvaluationRequest,
    decisions: readonly Decision[],
    route: ReviewRoute,
    table: FactTable,
    hasStripped: boolean,
  ): Promise<readonly Decision[]> {
    if (route.family || ((route.failurePolicy === 'Fail' || route.policy !== undefined) && !hasStripped)) return [];
    const mutated = decisions.findLast(({ phase, patched }) => phase === 'mutate' && patched !== undefined)?.patched;
    const next = mutated ? withResource(evaluation, mutated) : evaluation;
    const own = new Set(candidates(next, 'verify-images', route));
    const others = snapshot()
      .indexes.all.candidates(next, 'verify-images')
      .filter((policy) => !own.has(policy));
    const outcomes = await decideWithin(others, next, 'verify-images', route, table, false);
    return outcomes.map((decision) => ({ ...decision, standing: 'audit' }));
  }

  /**
   * The decisions of `policies`. An image that some policy must have verified may have been verified by one that another webhook
   * is called for: those are asked, too, where an image is still without, and their own decisions are left to that webhook.
   */
  function askWitnesses(
    policies: readonly CompiledPolicy[],
    evaluation: EvaluationRequest,
    decideAll: (policies: readonly CompiledPolicy[]) => Decision[] | Promise<Decision[]>,
  ): Decision[] | Promise<Decision[]> {
    const ownOf = (decisions: Decision[]) => decisions.slice(0, policies.length);
    const conclude = (decisions: Decision[]): Decision[] | Promise<Decision[]> => {
      if (!decisions.some(lacksWitness)) return decisions;
      const witnesses = snapshot()
        .indexes.all.candidates(evaluation, 'validate')
        .filter((policy) => policy.vouchesForOthers === true && !policies.includes(policy));
      if (witnesses.length === 0) return decisions;
      const all = decideAll([...policies, ...witnesses]);
      return all instanceof Promise ? all.then(ownOf) : ownOf(all);
    };
    const decisions = decideAll(policies);
    return decisions instanceof Promise ? decisions.then(conclude) : conclude(decisions);
  }

  /** At once when nothing has to be awaited. */
  function auditLater(
    policies: readonly CompiledPolicy[],
    evaluation: EvaluationRequest,
    response: AdmissionResponse,
    table: FactTable,
  ): Promise<void> | undefined {
    const begun = now();
    let deadline: AbortSignal | undefined;
    const signal = () => (deadline ??= AbortSignal.timeout(AUDIT_SECONDS * 1000));
    const audit = (trace: boolean) =>
      askWitnesses(policies, evaluation, (asked) =>
        decideForReport(asked, evaluation, facts, { signal, facts: table, trace }),
      );
    const conclude = (decisions: readonly Decision[]): Promise<void> | undefined => {
      const done = () => tell('validating', evaluation, decisions, response, begun, true, async () => audit(true));
      const kept = keepGrants(evaluation, decisions);
      if (kept) return kept.then(done);
      done();
      return undefined;
    };
    const decisions = audit(false);
    return decisions instanceof Promise ? decisions.then(conclude) : conclude(decisions);
  }

  /** Keeps who was let past, before anything is made of it; resolves to a refusal when that fails. */
  function keepGrants(
    evaluation: EvaluationRequest,
    decisions: readonly Decision[],
  ): Promise<AdmissionAnswer | undefined> | undefined {
    if (!options.bypass || evaluation.dryRun) return undefined;
    const grants = decisions.flatMap(({ bypass }) => (bypass?.granted && bypass.grant ? [bypass.grant] : []));
    if (grants.length === 0) return undefined;
    return options.bypass.ledger.keep(grants).then(
      () => undefined,
      (error: unknown) => ({ allowed: false, message: `the bypass was not recorded: ${messageOf(error)}` }),
    );
  }

  function decideWithin(
    policies: readonly CompiledPolicy[],
    evaluation: EvaluationRequest,
    phase: Phase,
    route: ReviewRoute,
    table: FactTable,
    trace: boolean,
  ): Decision[] | Promise<Decision[]> {
    if (policies.length === 0) return [];
    // what is registered Ignore stops nobody when it cannot be evaluated, either
    const asRegistered = (decisions: Decision[]): Decision[] => {
      if (route.family) return isBootstrapKind(evaluation.kind) ? decisions.map(stoppingNobody) : decisions;
      return route.failurePolicy === 'Fail'
        ? decisions
        : decisions.map((decision) => ({ ...decision, failurePolicy: 'Ignore' }));
    };
    const settings = { phase, trace, facts: table };
    const decisions = decideAtOnce(policies, evaluation, settings);
    if (decisions) return asRegistered(decisions);
    const mayWait = evaluation.bypass !== undefined || policies.some(({ needs }) => needs.size > 0);
    const waiting = { ...settings, ...(mayWait ? { signal: route.deadline() } : {}) };
    return decide(policies, evaluation, facts, waiting).then(asRegistered);
  }

  function tell(
    webhook: ReviewOutcome['webhook'],
    request: EvaluationRequest,
    decisions: readonly Decision[],
    response: AdmissionResponse,
    started: number,
    late: boolean,
    explain: ReviewOutcome['explain'],
  ): void {
    const { allowed, status } = response;
    const duration = (now() - started) / 1000;
    if (decided.length === 0) setImmediate(tellAll);
    decided.push({ webhook, request, decisions, allowed, message: status?.message, late, duration, explain });
  }

  function tellAll(): void {
    for (const outcome of decided.splice(0)) onDecided(outcome);
  }
}

/** A policy failed only because no policy that was asked verified an image. */
function lacksWitness({ results }: Decision): boolean {
  return results.some(({ claims, reason }) => claims !== undefined && reason === 'unverified');
}

/** What a cluster needs to come back to life is refused by what a policy says, never by what it could not tell. */
function stoppingNobody(decision: Decision): Decision {
  const results = decision.results.map((result) =>
    result.status === 'error' ? { ...result, action: 'Audit' as const } : result,
  );
  return { ...decision, failurePolicy: 'Ignore', results };
}

/** Audit work has no caller waiting; this bounds it all the same. */
const AUDIT_SECONDS = 30;

/**
 * The deadline of one request, made when first asked for: most requests wait for nothing. It ends a little before the
 * caller stops waiting, so that our answer, with its reason, is the one that counts.
 */
export function createDeadline(timeoutSeconds: number | undefined, gone: () => AbortSignal): () => AbortSignal {
  let signal: AbortSignal | undefined;
  return () => {
    const patience = (timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
    signal ??= AbortSignal.any([gone(), AbortSignal.timeout(Math.max(patience / 2, patience - MARGIN_MS))]);
    return signal;
  };
}

function toAnswer(response: AdmissionResponse, stripped: readonly unknown[]): AdmissionAnswer {
  const { allowed, status, warnings, patch = [] } = response;
  return {
    allowed,
    ...(status ? { message: status.message } : {}),
    ...(warnings ? { warnings } : {}),
    patch: allowed ? [...stripped, ...patch] : [],
  };
}
