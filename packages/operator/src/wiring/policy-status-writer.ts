import { isError, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { isKubeError, type KubeClient } from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';
import { computeCelPolicyStatus, describeProblems } from '../store/cel-policy-status.ts';
import type { GenerationState } from '../store/generation-state.ts';
import { computePolicyStatus, MAX_SHOWN } from '../store/policy-status.ts';
import { isOfApiServer, type PolicySnapshot, type StoredPolicy } from '../store/policy-store.ts';
import type { ReadPermissions } from './read-permissions.ts';

const IN_CEL = 'policies.kyverno.io/';

/**
 * Writes the status of each policy whose stored one differs. A policy that changed or went away meanwhile is left: its
 * next change brings us back.
 */
export async function writePolicyStatuses(
  client: KubeClient,
  snapshot: PolicySnapshot,
  permissions: ReadPermissions,
  log: Logger,
  now: Date,
  generationOf: (key: string) => GenerationState,
): Promise<void> {
  for (const stored of snapshot.policies) {
    if (stored.compiled && isOfApiServer(stored.compiled.ref)) continue;
    const isInCel = String(stored.document['apiVersion']).startsWith(IN_CEL);
    const status = isInCel
      ? await celStatusOf(stored, permissions, now, generationOf(stored.key)).catch((error: unknown) => {
          log.warn({ policy: stored.key, error: messageOf(error) }, 'what the policy may read is not known');
          return undefined;
        })
      : computePolicyStatus(stored, true, now, generationOf(stored.key));
    if (status) await writeOne(client, stored, status, log);
  }
}

async function celStatusOf(
  { document, compiled, diagnostics }: StoredPolicy,
  permissions: ReadPermissions,
  now: Date,
  generation: GenerationState,
): Promise<JsonObject | undefined> {
  const errors = diagnostics.filter(isError);
  return computeCelPolicyStatus(
    document,
    {
      problem: compiled ? undefined : describeProblems(errors, MAX_SHOWN),
      isServed: compiled && !compiled.admission ? undefined : compiled !== undefined,
      missing: compiled?.background ? await permissions.missing(compiled) : undefined,
      autogen: compiled?.autogenConfigs,
      generation,
    },
    now,
  );
}

async function writeOne(
  client: KubeClient,
  { document }: StoredPolicy,
  status: JsonObject,
  log: Logger,
): Promise<void> {
  const resource = pluralOf(String(document['kind']));
  const name = memberAt(document, 'metadata', 'name');
  const namespace = memberAt(document, 'metadata', 'namespace');
  const [version = 'v1', group = 'kyverno.io'] = String(document['apiVersion']).split('/').reverse();
  if (typeof name !== 'string') return;
  const target = { name, subresource: 'status', ...(typeof namespace === 'string' && namespace ? { namespace } : {}) };
  try {
    await client.patch({ group, version, resource }, target, 'merge', { status });
  } catch (error) {
    if (isKubeError(error, 'NotFound') || isKubeError(error, 'Conflict')) return;
    log.warn({ policy: name, error: messageOf(error) }, 'the status of a policy was not written');
  }
}

/** The kinds of policies all end in `Policy`. */
function pluralOf(kind: string): string {
  return `${kind.toLowerCase().slice(0, -1)}ies`;
}
