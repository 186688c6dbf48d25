import type { CompiledPolicy } from '@vouchsafe/engine';
import { memberAt } from '@vouchsafe/engine/kernel';
import type { KubeClient } from '@vouchsafe/kube';
import { jsonOf } from '../settings/json-of.ts';

/** What our identity may not read of what policies are about. */
export interface ReadPermissions {
  /** One text a resource: `pods: list, watch`. Empty when all is granted. Rejects when the API server does not answer. */
  missing(policy: CompiledPolicy): Promise<readonly string[]>;
}

const REVIEWS = { group: 'authorization.k8s.io', version: 'v1', resource: 'selfsubjectaccessreviews' } as const;
const VERBS = ['get', 'list', 'watch'] as const;
const KEPT_MS = 300_000;

/** Asks the API server, at most once in five minutes for a resource. */
export function createReadPermissions(client: KubeClient, now: () => number): ReadPermissions {
  const known = new Map<string, { readonly until: number; readonly verbs: Promise<readonly string[]> }>();

  async function isAllowed(group: string, resource: string, verb: string): Promise<boolean> {
    const review = await client.create(REVIEWS, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { group, resource, verb } },
    });
    return memberAt(jsonOf(review), 'status', 'allowed') === true;
  }

  async function lacking(group: string, resource: string): Promise<readonly string[]> {
    const answers = await Promise.all(VERBS.map((verb) => isAllowed(group, resource, verb)));
    return VERBS.filter((_, index) => answers[index] !== true);
  }

  return {
    async missing({ selectors }) {
      const named = new Map(
        selectors.flatMap(({ group, resource }) => {
          const [plural = ''] = (resource ?? '').split('/');
          return plural === '' ? [] : [[`${group}/${plural}`, [group, plural] as const] as const];
        }),
      );
      const texts = await Promise.all(
        [...named].map(async ([key, [group, plural]]) => {
          const kept = known.get(key);
          const entry = kept && kept.until > now() ? kept : { until: now() + KEPT_MS, verbs: lacking(group, plural) };
          known.set(key, entry);
          const verbs = await entry.verbs.catch((error: unknown) => {
            known.delete(key);
            throw error;
          });
          return verbs.length === 0 ? [] : [`${group === '' ? plural : `${plural}.${group}`}: ${verbs.join(', ')}`];
        }),
      );
      return texts.flat();
    },
  };
}
