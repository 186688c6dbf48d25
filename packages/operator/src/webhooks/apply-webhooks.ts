import { isEqualJson, type Json, type JsonObject, member, memberAt } from '@vouchsafe/engine/kernel';
import { type GroupVersionResource, isKubeError, type KubeClient } from '@vouchsafe/kube';
import { jsonOf, kubernetesObjectOf } from '../settings/json-of.ts';
import { MANAGED_BY } from './resource-webhooks.ts';

const RESOURCES: Readonly<Record<string, GroupVersionResource>> = {
  MutatingWebhookConfiguration: resource('mutatingwebhookconfigurations'),
  ValidatingWebhookConfiguration: resource('validatingwebhookconfigurations'),
};
const FIELD_MANAGER = 'kyverno';

function resource(name: string): GroupVersionResource {
  return { group: 'admissionregistration.k8s.io', version: 'v1', resource: name };
}

/**
 * Brings the configurations of the cluster to the wanted ones, all at once, as a new kind is unguarded until then: creates, or
 * updates what differs in what we set. A configuration without webhooks is kept (empty), so that its place in others' eyes is
 * stable. Rejects when the API server refuses one; the caller tries again.
 */
export async function applyWebhooks(client: KubeClient, wanted: readonly JsonObject[]): Promise<void> {
  const outcomes = await Promise.allSettled(wanted.map((configuration) => applyOne(client, configuration)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Whether all of them exist, whatever they say: what a replica can know that may not write them. */
export async function areWebhooksPresent(client: KubeClient, wanted: readonly JsonObject[]): Promise<boolean> {
  const found = await Promise.all(wanted.map((configuration) => readLive(client, configuration)));
  return found.every((live) => live !== undefined);
}

async function readLive(client: KubeClient, wanted: JsonObject): Promise<JsonObject | undefined> {
  const gvr = RESOURCES[String(wanted['kind'])];
  const name = memberAt(wanted, 'metadata', 'name');
  if (!gvr || typeof name !== 'string') return undefined;
  return client.get(gvr, { name }).then(jsonOf, (error: unknown) => {
    if (isKubeError(error, 'NotFound')) return undefined;
    throw error;
  });
}

async function applyOne(client: KubeClient, wanted: JsonObject): Promise<void> {
  const gvr = RESOURCES[String(wanted['kind'])];
  if (!gvr) return;
  const live = await readLive(client, wanted);
  if (!live) {
    await client.create(gvr, kubernetesObjectOf(wanted), {}, { fieldManager: FIELD_MANAGER });
    return;
  }
  if (isWithin(wanted, live) && hasSameGates(wanted, live)) return;
  const resourceVersion = memberAt(live, 'metadata', 'resourceVersion') ?? '';
  const metadata = { ...(memberAt(wanted, 'metadata') as JsonObject), resourceVersion }; // built by us, an object
  await client.update(gvr, kubernetesObjectOf({ ...wanted, metadata }), undefined, { fieldManager: FIELD_MANAGER });
}

/**
 * Everything `part` says holds in `whole`, which may say more: the API server fills in defaults. Empty lists and maps say
 * nothing: it drops them.
 */
function isWithin(part: Json, whole: Json | undefined): boolean {
  if (whole === undefined && typeof part === 'object' && part !== null) return Object.keys(part).length === 0;
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && part.length === whole.length && part.every((item, index) => isWithin(item, whole[index]))
    );
  }
  if (typeof part === 'object' && part !== null) {
    if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false;
    const object = whole as JsonObject; // neither null nor a list
    return Object.entries(part).every(([key, value]) => isWithin(value, member(object, key)));
  }
  return isEqualJson(part, whole);
}

/** A webhook that somebody gave a condition or a selector is called for less than before, which `isWithin` cannot see. */
function hasSameGates(wanted: JsonObject, live: JsonObject): boolean {
  const gates = (configuration: JsonObject) =>
    (Array.isArray(configuration['webhooks']) ? configuration['webhooks'] : []).map((webhook) => [
      memberAt(webhook, 'matchConditions') ?? [],
      memberAt(webhook, 'namespaceSelector') ?? {},
      memberAt(webhook, 'objectSelector') ?? {},
    ]);
  return isEqualJson(gates(wanted), gates(live));
}

/** Removes every configuration of ours: after a clean stop nothing waits for us. */
export async function removeWebhooks(client: KubeClient): Promise<void> {
  for (const gvr of Object.values(RESOURCES)) {
    const { items } = await client.list(gvr, { labelSelector: `${MANAGED_BY}=kyverno` });
    for (const { metadata } of items) {
      await client.delete(gvr, { name: metadata.name ?? '' }).catch((error: unknown) => {
        if (!isKubeError(error, 'NotFound')) throw error;
      });
    }
  }
}
