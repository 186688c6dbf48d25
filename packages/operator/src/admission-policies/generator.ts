import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type GroupVersionResource, isKubeError, type KubeClient, toApiVersion } from '@vouchsafe/kube';
import { kubernetesObjectOf } from '../settings/json-of.ts';
import type { GeneratedSpec, GenerationPlan } from './generated-policy.ts';
import { isAsPlanned } from './is-as-planned.ts';

/** The kinds that one family of generated policies is written as. */
export interface GeneratedKinds {
  readonly policy: GeneratedKind;
  readonly binding: GeneratedKind;
}

export interface GeneratedKind {
  readonly gvr: GroupVersionResource;
  readonly kind: string;
  /** The objects as they are in the cluster, by name. */
  readonly live: (name: string) => JsonObject | undefined;
}

export interface Generation {
  /** The API server judges by the generated policy: it is there, bound, and says what the policy says. */
  readonly isServed: boolean;
  /** Something was written just now; the watch tells when it is there. */
  readonly isWritten: boolean;
  /** Why nothing is generated, or why it could not be written. */
  readonly message: string;
}

export interface GenerateOptions {
  readonly client: KubeClient;
  readonly kinds: GeneratedKinds;
  readonly plan: GenerationPlan;
  /** The policy that the objects are made for. */
  readonly owner: JsonObject;
  /** Of what is to go when nothing is generated. */
  readonly name: string;
  /** False for replicas that do not lead: they only look. */
  readonly mayWrite: boolean;
}

/**
 * Brings the two objects of one policy to what is planned. The binding is written last and taken away first: a policy without
 * one judges nothing, and ours is judged by us until both are there.
 */
export async function generate({ client, kinds, plan, owner, name, mayWrite }: GenerateOptions): Promise<Generation> {
  const reference = {
    apiVersion: owner['apiVersion'] ?? '',
    kind: owner['kind'] ?? '',
    name: memberAt(owner, 'metadata', 'name') ?? '',
    uid: memberAt(owner, 'metadata', 'uid') ?? '',
  };
  if ('skip' in plan) {
    if (mayWrite) {
      await removeOwn(client, kinds.binding, `${name}-binding`, reference);
      await removeOwn(client, kinds.policy, name, reference);
    }
    return { isServed: false, isWritten: false, message: plan.skip };
  }
  const parts = [
    [kinds.policy, plan.policy],
    [kinds.binding, plan.binding],
  ] as const;
  let isWritten = false;
  for (const [kind, planned] of parts) {
    const live = kind.live(planned.name);
    if (live && isAsPlanned(live, planned, reference)) continue;
    if (!mayWrite) return { isServed: false, isWritten, message: '' };
    const problem = await write(client, kind, planned, reference, live);
    if (problem !== undefined) return { isServed: false, isWritten, message: problem };
    isWritten = true;
  }
  return { isServed: !isWritten, isWritten, message: '' };
}

async function write(
  client: KubeClient,
  { gvr, kind }: GeneratedKind,
  { name, labels, spec }: GeneratedSpec,
  reference: JsonObject,
  live: JsonObject | undefined,
): Promise<string | undefined> {
  const version = memberAt(live, 'metadata', 'resourceVersion');
  const metadata = {
    name,
    labels,
    ownerReferences: [reference],
    ...(version === undefined ? {} : { resourceVersion: version }),
  };
  const object = kubernetesObjectOf({ apiVersion: toApiVersion(gvr), kind, metadata, spec });
  try {
    await (live ? client.update(gvr, object) : client.create(gvr, object));
    return undefined;
  } catch (error) {
    if (!isKubeError(error)) throw error;
    // The watch tells what it is now.
    if (error.code === 409) return '';
    if (error.code === 403 && error.reason === 'Forbidden')
      return `insufficient permissions to generate ${plural(kind)}`;
    return `failed to generate ${kind} ${name}: ${error.message}`;
  }
}

const plural = (kind: string): string => (kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`);

/** Only what was made for this policy: another of the same name is somebody's own. */
async function removeOwn(
  client: KubeClient,
  { gvr, live }: GeneratedKind,
  name: string,
  owner: JsonObject,
): Promise<void> {
  const found = live(name);
  const owners = memberAt(found, 'metadata', 'ownerReferences');
  const isOwn = Array.isArray(owners) && owners.some((one) => memberAt(one, 'uid') === owner['uid']);
  if (!found || !isOwn) return;
  await client.delete(gvr, { name }).catch((error: unknown) => {
    if (!isKubeError(error, 'NotFound')) throw error;
  });
}
