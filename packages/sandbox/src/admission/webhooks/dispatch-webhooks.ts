import type { AdmissionAttributes } from '../../api/admission-port.ts';
import type { Cluster } from '../../api/cluster.ts';
import { typedObject } from '../../api/decode-body.ts';
import { badRequest, forbidden, internalError, StatusError } from '../../api/status-error.ts';
import { isSorted } from '../../api/strategy.ts';
import { JsonPatchError, runJsonPatch } from '../../schema/patch/json-patch.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { equalJson, sortObjectMembers } from '../../store/json-value.ts';
import type { ServiceResolver } from '../service-resolver.ts';
import { createReview } from './admission-review.ts';
import type { WebhookClient } from './call-webhook.ts';
import { createWebhookClient } from './call-webhook.ts';
import type { MatchConditionCompiler } from './match-conditions.ts';
import type { WebhookView } from './match-webhook.ts';
import { isExempt, matchWebhook } from './match-webhook.ts';
import type { WebhookAnswer } from './read-answer.ts';
import { denialOf, readAnswer } from './read-answer.ts';
import type { Webhook } from './webhook-configuration.ts';
import { createWebhookSource } from './webhook-configuration.ts';

/** Calls the webhooks of the cluster's configurations. */
export interface WebhookDispatcher {
  /** True when nothing is configured: the fast path. */
  isIdle(): boolean;
  mutate(attributes: AdmissionAttributes): Promise<JsonObject | undefined>;
  validate(attributes: AdmissionAttributes): Promise<void>;
  stop(): void;
}

const MUTATING = 'mutatingwebhookconfigurations.admissionregistration.k8s.io';
const VALIDATING = 'validatingwebhookconfigurations.admissionregistration.k8s.io';

/** Creates the dispatcher of a cluster. */
export function createWebhookDispatcher(
  cluster: Cluster,
  services: ServiceResolver,
  compiler: MatchConditionCompiler | undefined,
): WebhookDispatcher {
  const client = createWebhookClient(services);
  const mutating = createWebhookSource(cluster, MUTATING, compiler);
  const validating = createWebhookSource(cluster, VALIDATING, compiler);

  return {
    isIdle: () => mutating.webhooks().length === 0 && validating.webhooks().length === 0,
    mutate: (attributes) =>
      isExempt(attributes)
        ? Promise.resolve(attributes.object)
        : runMutating(cluster, client, mutating.webhooks(), attributes),
    async validate(attributes) {
      if (!isExempt(attributes)) {
        await runValidating(cluster, client, validating.webhooks(), attributes);
      }
    },
    stop() {
      client.stop();
      mutating.stop();
      validating.stop();
    },
  };
}

/**
 * Mutating webhooks one after the other; then once more those with `IfNeeded` that ran before a change
 * somebody else made.
 */
async function runMutating(
  cluster: Cluster,
  client: WebhookClient,
  webhooks: readonly Webhook[],
  attributes: AdmissionAttributes,
): Promise<JsonObject | undefined> {
  let object = attributes.object;
  const again = new Set<string>();
  const invoked = new Set<string>();
  for (const round of [1, 2]) {
    for (const webhook of webhooks) {
      if (round === 2 && !again.has(webhook.id)) {
        continue;
      }
      const outcome = await callMutating(cluster, client, webhook, { ...attributes, object });
      if (!outcome.called) {
        continue;
      }
      if (!equalJson(outcome.object, object)) {
        object = outcome.object;
        if (round === 1) {
          for (const id of invoked) {
            again.add(id);
          }
        }
      }
      if (webhook.reinvocable) {
        invoked.add(webhook.id);
      }
    }
  }
  return object;
}

async function callMutating(
  cluster: Cluster,
  client: WebhookClient,
  webhook: Webhook,
  attributes: AdmissionAttributes,
): Promise<{ called: boolean; object: JsonObject | undefined }> {
  const { object } = attributes;
  const called = await callMatching(cluster, client, webhook, attributes, true);
  if (called === undefined) {
    return { called: false, object };
  }
  const { answer, view } = called;
  admitAnswer(webhook, attributes, answer);
  if (answer.patch.length === 0 || object === undefined) {
    return { called: true, object };
  }
  return { called: true, object: patchObject(cluster, view, object, answer.patch) };
}

/** All matching validating webhooks at once; the first failure in their order is the answer. */
async function runValidating(
  cluster: Cluster,
  client: WebhookClient,
  webhooks: readonly Webhook[],
  attributes: AdmissionAttributes,
): Promise<void> {
  const results = await Promise.allSettled(
    webhooks.map(async (webhook) => {
      const called = await callMatching(cluster, client, webhook, attributes, false);
      if (called !== undefined) {
        admitAnswer(webhook, attributes, called.answer);
      }
    }),
  );
  for (const result of results) {
    if (result.status === 'rejected') {
      throw result.reason;
    }
  }
}

/** Matches and calls one webhook; undefined when it is not concerned or its failure is ignored. */
async function callMatching(
  cluster: Cluster,
  client: WebhookClient,
  webhook: Webhook,
  attributes: AdmissionAttributes,
  mutating: boolean,
): Promise<{ answer: WebhookAnswer; view: WebhookView } | undefined> {
  const view = matchWebhook(cluster, webhook, attributes);
  if (view === undefined) {
    return undefined;
  }
  const version = webhook.reviewVersion ?? 'v1';
  const { uid, review } = createReview(attributes, view, attributes.object, version);
  if (webhook.conditions !== undefined && !conditionsHold(webhook, review, attributes)) {
    return undefined;
  }
  if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  }
  const result = await client.call(webhook, review);
  const read = result.ok
    ? readAnswer(cluster.schema, result.text, uid, version, mutating)
    : ({ ok: false, message: `failed to call webhook: ${result.message}` } as const);
  if (read.ok) {
    return { answer: read.answer, view };
  }
  if (webhook.failurePolicy === 'Ignore') {
    return undefined;
  }
  throw internalError(`failed calling webhook ${JSON.stringify(webhook.name)}: ${read.message}`);
}

function conditionsHold(webhook: Webhook, review: JsonObject, attributes: AdmissionAttributes): boolean {
  const request = review['request'];
  const result = webhook.conditions?.evaluate({
    request: typeof request === 'object' && request !== null && !Array.isArray(request) ? request : {},
    object: attributes.object,
    oldObject: attributes.oldObject,
  });
  if (result === undefined || result.ok) {
    return result?.matches ?? true;
  }
  if (webhook.failurePolicy === 'Ignore') {
    return false;
  }
  throw forbidden(attributes.definition, attributes.name, result.message);
}

function admitAnswer(webhook: Webhook, attributes: AdmissionAttributes, answer: WebhookAnswer): void {
  for (const warning of answer.warnings) {
    attributes.warn(warning);
  }
  if (!answer.allowed) {
    throw denialOf(webhook.name, answer.status);
  }
}

function patchObject(
  cluster: Cluster,
  view: WebhookView,
  object: JsonObject,
  patch: readonly JsonObject[],
): JsonObject {
  let patched: JsonObject;
  try {
    patched = runJsonPatch(view.toView(object), patch);
  } catch (error) {
    throw error instanceof JsonPatchError ? internalError(error.message) : error;
  }
  try {
    // The server decodes the patched text again, so built-in kinds lose what they do not know.
    return view.fromView(
      isSorted(view.definition) && view.kind.kind === view.definition.kind
        ? sortObjectMembers(patched)
        : typedObject(cluster, view.kind, patched),
    );
  } catch (error) {
    throw error instanceof StatusError ? internalError(error.message) : error;
  }
}
