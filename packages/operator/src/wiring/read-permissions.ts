import type { CompiledPolicy, ResourceSelector } from '@vouchsafe/engine';
import { type KubeClient, reviewSelfSubjectAccess, reviewSubjectAccess } from '@vouchsafe/kube';

/** What scans may not read of what policies are about. */
export interface ReadPermissions {
  /** One text a verb: `get /v1, Resource=pods: why`. Empty when all is granted. Rejects when the API server does not answer. */
  missing(policy: CompiledPolicy): Promise<readonly string[]>;
}

const VERBS = ['get', 'list', 'watch'] as const;
const KEPT_MS = 300_000;
/** A right that is missing may be given at any time; a new policy that needs it is told at once. */
const MISSING_KEPT_MS = 2_000;
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/;

/**
 * Asks the API server, at most once in five minutes for a resource that may be read. `account`: whose rights count, as
 * `system:serviceaccount:namespace:name`; our own when empty.
 */
export function createReadPermissions(client: KubeClient, now: () => number, account = ''): ReadPermissions {
  const known = new Map<string, { until: number; readonly lacking: Promise<readonly string[]> }>();

  async function refusalOf(
    verb: string,
    { group, version, resource = '' }: ResourceSelector,
  ): Promise<readonly string[]> {
    const [plural = '', subresource] = resource.split('/');
    const attributes = { verb, group, version, resource: plural, ...(subresource ? { subresource } : {}) };
    const { allowed, reason } =
      account === ''
        ? await reviewSelfSubjectAccess(client, attributes)
        : await reviewSubjectAccess(client, { username: account, groups: groupsOf(account) }, attributes);
    return allowed ? [] : [`${verb} ${group}/${version}, Resource=${resource}: ${reason}`];
  }

  async function lacking(selector: ResourceSelector): Promise<readonly string[]> {
    return (await Promise.all(VERBS.map((verb) => refusalOf(verb, selector)))).flat();
  }

  async function ask(key: string, selector: ResourceSelector): Promise<readonly string[]> {
    const kept = known.get(key);
    if (kept && kept.until > now()) return kept.lacking;
    const entry = { until: now() + KEPT_MS, lacking: lacking(selector) };
    known.set(key, entry);
    try {
      const found = await entry.lacking;
      if (found.length > 0) entry.until = now() + MISSING_KEPT_MS;
      return found;
    } catch (error) {
      known.delete(key);
      throw error;
    }
  }

  return {
    async missing({ selectors }) {
      const named = new Map(selectors.map((one) => [`${one.group}/${one.version}/${one.resource ?? ''}`, one]));
      return (await Promise.all([...named].map(([key, selector]) => ask(key, selector)))).flat();
    },
  };
}

function groupsOf(account: string): string[] {
  const namespace = SERVICE_ACCOUNT.exec(account)?.[1];
  const own = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return [...own, 'system:authenticated'];
}
