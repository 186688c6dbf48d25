import type { BypassGrant } from '@vouchsafe/engine';
import { type Json, memberAt } from '@vouchsafe/engine/kernel';
import { isKubeError, type KubeClient, type KubernetesObject } from '@vouchsafe/kube';
import { jsonOf, kubernetesObjectOf } from '../settings/json-of.ts';

/** Where grants of bypasses are kept, in our namespace. */
export const BYPASSES_CONFIG_MAP = 'vouchsafe-bypasses';

/** Keeps who was let past which policy, so that every replica knows what a controller may make of it. */
export interface BypassLedger {
  /** Resolves when they are kept. Rejects when they are not: the request must then be refused. */
  keep(grants: readonly BypassGrant[]): Promise<void>;
}

const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' } as const;
/** Grants in force at once: some 400 bytes each, far below what a ConfigMap holds. */
const MAX_GRANTS = 1_000;
/** Milliseconds for each call: somebody waits for the answer. */
const PATIENCE_MS = 3_000;

/**
 * Grants in a ConfigMap of our namespace, one member each, so that writers never overwrite each other. Those that ended
 * go with the next write. Its integrity is the cluster's own RBAC: who may write there may configure us anyway.
 */
export function createBypassLedger(options: {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly now: () => number;
}): BypassLedger {
  const { client, namespace, now } = options;
  const target = { namespace, name: BYPASSES_CONFIG_MAP };

  async function read(): Promise<Readonly<Record<string, Json>> | undefined> {
    try {
      const data = memberAt(jsonOf(await client.get(CONFIG_MAPS, target, patience())), 'data');
      return (data ?? {}) as Readonly<Record<string, Json>>; // a ConfigMap's data is an object
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async function write(grants: readonly BypassGrant[]): Promise<void> {
    const added = Object.fromEntries(
      grants.map(({ key, until, value }) => [key, JSON.stringify({ ...value, ends: until })]),
    );
    const known = await read();
    if (known === undefined) {
      await client.create(CONFIG_MAPS, toConfigMap(target, added), {}, patience());
      return;
    }
    const ended = Object.entries(known).flatMap(([key, text]) => (hasEnded(text, now()) ? [key] : []));
    if (Object.keys(known).length - ended.length + grants.length > MAX_GRANTS) {
      throw new Error(`${MAX_GRANTS} bypasses are in force already`);
    }
    const data = { ...Object.fromEntries(ended.map((key) => [key, null])), ...added };
    await client.patch(CONFIG_MAPS, target, 'merge', { data }, patience());
  }

  return {
    async keep(grants) {
      if (grants.length === 0) return;
      try {
        await write(grants);
      } catch (error) {
        if (!isKubeError(error, 'AlreadyExists') && !isKubeError(error, 'NotFound')) throw error;
        await write(grants); // another replica made it, or somebody deleted it, meanwhile
      }
    },
  };
}

function toConfigMap(
  target: { readonly namespace: string; readonly name: string },
  data: Readonly<Record<string, string>>,
): KubernetesObject {
  const labels = { 'app.kubernetes.io/managed-by': 'kyverno' };
  return kubernetesObjectOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...target, labels }, data });
}

/** What cannot be read is nothing we wrote. */
function hasEnded(text: Json, now: number): boolean {
  try {
    const ends = typeof text === 'string' ? memberAt(JSON.parse(text), 'ends') : undefined;
    return typeof ends !== 'number' || ends <= now;
  } catch {
    return true;
  }
}

function patience(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(PATIENCE_MS) };
}
