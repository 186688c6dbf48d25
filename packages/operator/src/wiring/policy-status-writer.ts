import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { isKubeError, type KubeClient } from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';
import { computePolicyStatus } from '../store/policy-status.ts';
import type { PolicySnapshot, StoredPolicy } from '../store/policy-store.ts';

const RESOURCES: Readonly<Record<string, string>> = { ClusterPolicy: 'clusterpolicies', Policy: 'policies' };

/**
 * Writes the status of each policy whose stored one differs. A policy that changed or went away meanwhile is left: its
 * next change brings us back.
 */
export async function writePolicyStatuses(
  client: KubeClient,
  snapshot: PolicySnapshot,
  log: Logger,
  now: Date,
): Promise<void> {
  for (const stored of snapshot.policies) {
    const status = computePolicyStatus(stored, true, now);
    if (status) await writeOne(client, stored, status, log);
  }
}

async function writeOne(
  client: KubeClient,
  { document }: StoredPolicy,
  status: JsonObject,
  log: Logger,
): Promise<void> {
  const resource = RESOURCES[String(document['kind'])];
  const name = memberAt(document, 'metadata', 'name');
  const namespace = memberAt(document, 'metadata', 'namespace');
  const [version = 'v1', group = 'kyverno.io'] = String(document['apiVersion']).split('/').reverse();
  if (!resource || typeof name !== 'string') return;
  const target = { name, subresource: 'status', ...(typeof namespace === 'string' && namespace ? { namespace } : {}) };
  try {
    await client.patch({ group, version, resource }, target, 'merge', { status });
  } catch (error) {
    if (isKubeError(error, 'NotFound') || isKubeError(error, 'Conflict')) return;
    log.warn({ policy: name, error: messageOf(error) }, 'the status of a policy was not written');
  }
}
