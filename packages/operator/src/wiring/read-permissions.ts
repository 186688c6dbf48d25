import type { CompiledPolicy, ResourceSelector } from '@vouchsafe/engine';
import { memberAt } from '@vouchsafe/engine/kernel';
import type { KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';

/** What our identity may not read of what policies are about. */
export interface ReadPermissions {
  /** One text a verb: `get /v1, Resource=pods: why`. Empty when all is granted. Rejects when the API server does not answer. */
  missing(policy: CompiledPolicy): Promise<readonly string[]>;
}

const REVIEWS = { group: 'authorization.k8s.io', version: 'v1', resource: 'selfsubjectaccessreviews' } as const;
const VERBS = ['get', 'list', 'watch'] as const;
const KEPT_MS = 300_000;

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
    return [`${verb} ${group}/${version}, Resource=${resource}: ${memberAt(status, 'reason') ?? ''}`];
  }

  async function lacking(selector: ResourceSelector): Promise<readonly string[]> {
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
