import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { ApiResource, KubernetesObject } from '@vouchsafe/kube';

/** An object in the cluster that a policy generated. */
export interface Generated {
  readonly resource: ApiResource;
  readonly item: KubernetesObject;
}

export interface MakeAnewOptions {
  /** Judges the trigger that labels name and makes what the policy asks for; `undefined` when that is not known or not done. */
  readonly regenerate: (labels: Readonly<Record<string, string>>) => Promise<readonly JsonObject[] | undefined>;
  readonly remove: (generated: Generated) => Promise<void>;
  /** A trigger for which nothing at all is asked keeps what it has, as nobody knows by which request it came. */
  readonly keepsUnasked: boolean;
}

/** What was generated before follows its policy: each trigger is judged once more, and what is asked for no longer goes. */
export async function makeAnew(made: readonly Generated[], options: MakeAnewOptions): Promise<void> {
  const { regenerate, remove, keepsUnasked } = options;
  const asked = new Map<string, readonly JsonObject[]>();
  for (const generated of made) {
    const { labels = {} } = generated.item.metadata;
    const trigger = JUDGED_BY.map((name) => labels[`generate.kyverno.io/${name}`] ?? '').join('/');
    const wanted = asked.get(trigger) ?? (await regenerate(labels)) ?? [];
    asked.set(trigger, wanted);
    if (keepsUnasked && wanted.length === 0) continue;
    if (!wanted.some((object) => isSameObject(object, generated))) await remove(generated);
  }
}

/** Labels of what one judgement is about. */
const JUDGED_BY = ['policy-namespace', 'policy-name', 'rule-name', 'trigger-uid'];

export function isSameObject(wanted: JsonObject, { resource, item: { metadata } }: Generated): boolean {
  const [, group = ''] = String(wanted['apiVersion']).split('/').reverse();
  const [name, namespace] = ['name', 'namespace'].map((key) => memberAt(wanted, 'metadata', key));
  const isSameKind = wanted['kind'] === resource.kind && group === resource.group;
  if (!isSameKind || name !== metadata.name) return false;
  return !resource.isNamespaced || (namespace || 'default') === metadata.namespace;
}
