import {
  type CompiledPolicy,
  type Decision,
  type EvaluationRequest,
  type PolicyRef,
  policyKey,
} from '@vouchsafe/engine';
import type { FactSource } from '@vouchsafe/engine/facts';
import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { KubeClient } from '@vouchsafe/kube';
import { followExistingTriggers, toRequest } from '../background/existing-triggers.ts';
import { heedingOwn } from '../background/own-requests.ts';
import { type BackgroundReport, startBackground } from '../background/start-background.ts';
import { startSynchronization } from '../background/synchronization.ts';
import { targetDecision } from '../background/target-results.ts';
import type { EventDraft } from '../reports/event-drafts.ts';
import type { EventSender } from '../reports/event-sender.ts';
import { jsonOf } from '../settings/json-of.ts';
import { type Logger, messageOf } from '../settings/logger.ts';
import type { PolicySnapshot } from '../store/policy-store.ts';

export interface BackgroundParts {
  readonly client: KubeClient;
  readonly facts: FactSource;
  readonly snapshot: () => PolicySnapshot;
  readonly isExcluded: (request: EvaluationRequest) => boolean;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  readonly mayRun: () => boolean;
  /** What is reported about an object that triggered something. */
  readonly onDecided: (request: EvaluationRequest, decision: Decision) => void;
  /** What is reported about an existing object that a policy mutates. */
  readonly onTarget: (decision: Decision, object: JsonObject) => void;
  readonly events: EventSender;
  readonly log: Logger;
  readonly now: () => number;
}

export interface BackgroundWork {
  readonly enqueue: (request: EvaluationRequest) => void;
  readonly policiesChanged: () => void;
  /** Those of the mutating policies that are about a request of this user: our own pass by most. */
  readonly heeding: (policies: readonly CompiledPolicy[], username: string) => Promise<readonly CompiledPolicy[]>;
  stop(): Promise<void>;
}

/** What policies ask for beside the request that triggers it, and for what exists already. */
export function startBackgroundWork(parts: BackgroundParts): BackgroundWork {
  const { client, snapshot, events, log } = parts;
  const ownName = createOwnName(client, log);
  const background = startBackground({
    ...parts,
    ownName,
    isExcludedTarget: (object) => parts.isExcluded(toRequest(kindOf(object), object, parts)),
    onReport: (report) => {
      tell(report, parts);
      const decision = targetDecision(report);
      if (decision) parts.onTarget(decision, report.object.resource);
      if (report.object.kind === 'create' && report.object.synchronize) watchKind(report.object.resource);
    },
    isKept: () => synchronization.isKeeping,
    onTriggerGone: (request) => synchronization.triggerGone(request),
    isTrigger: (uid) => synchronization.isTrigger(uid),
    onTriggerChanged: (request) => synchronization.triggerChanged(request),
    onProblem: (policy, rule, problem) => events.tell(problemOf(policy, rule, problem), 'kyverno-generate'),
  });
  const existing = followExistingTriggers({ ...parts, background, policies: () => snapshot().policies });
  const synchronization = startSynchronization({
    ...parts,
    policies: () => snapshot().policies,
    applyTo: background.applyTo,
    attempt: (policy, request, names) => background.attempt(policy, request, names, false),
    askedBy: background.askedBy,
    toRequest: (resource, object) => toRequest(resource, object, parts),
  });
  function watchKind(resource: JsonObject): void {
    const [version = '', group = ''] = String(resource['apiVersion']).split('/').reverse();
    client.discovery.findKind({ group, version, kind: String(resource['kind']) }).then(
      (found) => found && synchronization.watch(found),
      (error: unknown) => log.warn({ error: messageOf(error) }, 'a kind that is generated is not known'),
    );
  }
  return {
    enqueue: background.enqueue,
    async heeding(policies, username) {
      const isOwn = username.startsWith('system:serviceaccount:') && username === (await ownName());
      return isOwn ? heedingOwn(policies, snapshot().policies) : policies;
    },
    policiesChanged() {
      existing.look();
      synchronization.look();
    },
    stop: () => Promise.all([existing.stop(), background.stop(), synchronization.stop()]).then(() => {}),
  };
}

function kindOf(object: JsonObject): Parameters<typeof toRequest>[0] {
  const [version = '', group = ''] = String(object['apiVersion']).split('/').reverse();
  return { group, version, kind: String(object['kind']), resource: '' };
}

const REVIEWS = { group: 'authentication.k8s.io', version: 'v1', resource: 'selfsubjectreviews' } as const;

/** Asked once. Empty for what is no service account: a person who runs this triggers policies like others. */
function createOwnName(client: KubeClient, log: Logger): () => Promise<string> {
  let known: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} };
    const name = memberAt(jsonOf(await client.create(REVIEWS, review)), 'status', 'userInfo', 'username');
    return typeof name === 'string' && name.startsWith('system:serviceaccount:') ? name : '';
  };
  return () => {
    known ??= ask().catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, 'our own name is not known');
      return '';
    });
    return known;
  };
}

/** Kyverno's events (kyverno-core §1.7.3, §1.7.4). */
function tell({ policy, rule, kind, object, outcome }: BackgroundReport, { events, log }: BackgroundParts): void {
  const controller = kind === 'create' ? 'kyverno-generate' : 'kyverno-mutate';
  if (typeof outcome === 'object') {
    log.warn({ policy: policy.name, rule, error: outcome.problem }, 'what a policy asks for was not done');
    events.tell(problemOf(policy, rule, outcome.problem), controller);
    return;
  }
  if (outcome === 'unchanged' || outcome === 'left') return;
  const about = referenceTo(object.resource);
  const noun = kind === 'create' ? 'generated' : 'mutated';
  events.tell(
    {
      reason: 'PolicyApplied',
      action: kind === 'create' ? 'Resource Generated' : 'Resource Mutated',
      note: `resource ${noun}`,
      ...aboutPolicy(policy),
      related: about,
    },
    controller,
  );
  if (outcome !== 'created') return;
  const text = (key: string): string => String(about[key] ?? '');
  events.tell(
    {
      reason: 'PolicyApplied',
      action: 'None',
      note: `Created ${text('kind')} ${text('name')} as a result of applying policy ${policyKey(policy)}/${rule}`,
      regarding: about,
      namespace: text('namespace') || 'default',
    },
    controller,
  );
}

function problemOf(policy: PolicyRef, rule: string, problem: string): EventDraft {
  const note = `policy ${policyKey(policy)}/${rule} error: ${problem}`;
  return { reason: 'PolicyError', action: 'None', note, ...aboutPolicy(policy) };
}

function aboutPolicy({
  apiVersion,
  kind,
  name,
  namespace,
  uid,
}: PolicyRef): Pick<EventDraft, 'regarding' | 'namespace'> {
  return {
    regarding: { apiVersion, kind, name, ...(namespace ? { namespace } : {}), ...(uid ? { uid } : {}) },
    namespace: namespace ?? 'default',
  };
}

function referenceTo(resource: JsonObject): JsonObject {
  const [name, namespace] = ['name', 'namespace'].map((key) => memberAt(resource, 'metadata', key));
  return {
    apiVersion: resource['apiVersion'] ?? '',
    kind: resource['kind'] ?? '',
    name: name ?? '',
    ...(namespace === undefined ? {} : { namespace }),
  };
}
