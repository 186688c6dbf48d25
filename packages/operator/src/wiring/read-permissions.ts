import type { CompiledPolicy, ResourceSelector } from '@vouchsafe/engine';
import { hasWildcard, memberAt } from '@vouchsafe/engine/kernel';
import type { ApiResource, KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';

/** What our identity may not read of what policies are about. */
export interface ReadPermissions {
  /** One text a verb: `get /v1, Resource=pods: why`. Empty when all is granted. Rejects when the API server does not answer. */
  missing(policy: CompiledPolicy): Promise<readonly string[]>;
}

const REVIEWS = { group: 'authorization.k8s.io', version: 'v1', resource: 'selfsubjectaccessreviews' } as const;
const VERBS = ['get', 'list', 'watch'] as const;
const KEPT_MS = 300_000;

function lackOf(verb: string, { group, version, resource = '' }: Lacking, reason: string): string {
  return `${verb} ${group}/${version}, Resource=${resource}: ${reason}`;
}

type Lacking = Pick<ResourceSelector, 'group' | 'version' | 'resource'>;

function verbsOf(served: ApiResource | undefined, subresource: string): readonly string[] | undefined {
  return served?.subresources.find(({ name }) => name === subresource)?.verbs;
}

/** Asks the API server, at most once in five minutes for a resource. */
export function createReadPermissions(client: KubeClient, now: () => number): ReadPermissions {
  const known = new Map<string, { readonly until: number; readonly lacking: Promise<readonly string[]> }>();

  async function refusalOf(
    verb: string,
    { group, version, resource = '' }: ResourceSelector,
  ): Promise<readonly string[]> {
    const [plural = '', subresource] = resource.split('/');
    const review = await client.create(REVIEWS, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { verb, group, version, resource: plural, ...(subresource ? { subresource } : {}) } },
    });
    const status = memberAt(jsonOf(review), 'status');
    if (memberAt(status, 'allowed') === true) return [];
    return [lackOf(verb, { group, version, resource }, String(memberAt(status, 'reason') ?? ''))];
  }

  async function isListed({ group, version, resource = '' }: ResourceSelector): Promise<boolean> {
    if ([group, version, resource].some(hasWildcard)) return true;
    const [plural = '', subresource] = resource.split('/');
    const served = await client.discovery.findResource({ group, version, resource: plural });
    const verbs = subresource === undefined ? served?.verbs : verbsOf(served, subresource);
    return verbs?.includes('list') === true;
  }

  async function lacking(selector: ResourceSelector): Promise<readonly string[]> {
    // Rights to what nobody can list let no scan read it, whoever has all of them.
    if (!(await isListed(selector))) return VERBS.map((verb) => lackOf(verb, selector, ''));
    return (await Promise.all(VERBS.map((verb) => refusalOf(verb, selector)))).flat();
  }

  return {
    async missing({ selectors }) {
      const named = new Map(selectors.map((one) => [`${one.group}/${one.version}/${one.resource ?? ''}`, one]));
      const texts = await Promise.all(
        [...named].map(([key, selector]) => {
          const kept = known.get(key);
          const entry = kept && kept.until > now() ? kept : { until: now() + KEPT_MS, lacking: lacking(selector) };
          known.set(key, entry);
          return entry.lacking.catch((error: unknown) => {
            known.delete(key);
            throw error;
          });
        }),
      );
      return texts.flat();
    },
  };
}
