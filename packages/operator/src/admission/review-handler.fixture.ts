import { createEngine } from '@vouchsafe/engine';
import type { Fact, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { NODE_HOST } from '../facts/node-host.ts';
import { parseClusterConfiguration } from '../settings/cluster-configuration.ts';
import { createPolicyStore } from '../store/policy-store.ts';
import { parseAdmissionReview } from './review.ts';
import { createDeadline, createReviewHandler, type ReviewOutcome, type ReviewRoute } from './review-handler.ts';
import { createRoleIndex } from './role-index.ts';

const engine = createEngine({ host: NODE_HOST });

interface Setup {
  readonly policies: readonly JsonObject[];
  readonly configuration?: Readonly<Record<string, string>>;
  readonly answer?: (request: FactRequest, signal: AbortSignal | undefined) => Promise<Fact<Json>>;
  readonly auditOnly?: 'Ignore' | 'Policy';
}

/** A handler over policies, and what it asked and told. */
export function setUp({ policies, configuration = {}, answer, auditOnly = 'Ignore' }: Setup) {
  const store = createPolicyStore({ engine, auditMutateDigest: 'warn', auditOnly });
  for (const policy of policies) store.upsert(policy);
  store.flush();
  for (const { diagnostics, compiled } of store.snapshot.policies) {
    if (!compiled) throw new Error(JSON.stringify(diagnostics));
  }
  const asked: FactRequest[] = [];
  const outcomes: ReviewOutcome[] = [];
  const late: (() => Promise<void> | undefined)[] = [];
  const facts: FactSource = {
    kinds: new Set(['image-verification', 'image-digest', 'image-data', 'config-map']),
    fetch: (requests, signal) =>
      Promise.all(
        requests.map((request) => {
          asked.push(request);
          const failure: Fact<Json> = { ok: false, class: 'unavailable', message: 'nobody answers' };
          return answer?.(request, signal as AbortSignal | undefined) ?? Promise.resolve(failure);
        }),
      ),
  };
  const handler = createReviewHandler({
    snapshot: () => store.snapshot,
    facts,
    configuration: () => parseClusterConfiguration(configuration, 'kyverno'),
    roles: () => createRoleIndex([]),
    namespaceLabels: (namespace): Readonly<Record<string, string>> => (namespace === 'prod' ? { tier: 'prod' } : {}),
    parentKind: () => undefined,
    onDecided: (outcome) => outcomes.push(outcome),
    enqueueAudit: (work) => late.push(work),
    heeding: async (found, username) => (username === 'ours' ? [] : found),
    now: () => Date.now(),
  });
  return { handler, asked, outcomes, late };
}

export const never = new AbortController().signal;
export const route = (failurePolicy: 'Fail' | 'Ignore' = 'Fail', timeoutSeconds = 10): ReviewRoute => ({
  failurePolicy,
  deadline: createDeadline(timeoutSeconds, () => never),
});

export function review(object: JsonObject, part: JsonObject = {}) {
  const kind = { group: '', version: 'v1', kind: String(object['kind']) };
  const request = {
    uid: 'u',
    kind,
    operation: 'CREATE',
    namespace: 'default',
    name: 'web',
    userInfo: { username: 'jane' },
    object,
    ...part,
  };
  const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
  const parsed = parseAdmissionReview(body);
  if (!parsed) throw new Error('no review');
  return parsed;
}

export function pod(image = 'ghcr.io/acme/app:1', metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', ...metadata },
    spec: { containers: [{ name: 'app', image }] },
  };
}
