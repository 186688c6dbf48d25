import { type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { ApiResource, KubernetesObject } from '@vouchsafe/kube';

/** An object in the cluster that a policy in CEL generated. */
export interface Generated {
  readonly resource: ApiResource;
  readonly item: KubernetesObject;
}

export interface MakeAnewOptions {
  /** Judges the trigger that labels name and makes what the policy asks for; `undefined` when that is not known or not done. */
  readonly regenerate: (labels: Readonly<Record<string, string>>) => Promise<readonly JsonObject[] | undefined>;
  readonly remove: (generated: Generated) => Promise<void>;
}

/**
 * What one changed policy generated before follows it: each trigger is judged once more, and what is asked for no longer goes.
 * A trigger that the policy is silent about keeps what it has, as nobody knows by which request it came.
 */
export async function makeAnew(made: readonly Generated[], { regenerate, remove }: MakeAnewOptions): Promise<void> {
  const asked = new Map<string, readonly JsonObject[]>();
  for (const generated of made) {
    const { labels = {} } = generated.item.metadata;
    const trigger = labels['generate.kyverno.io/trigger-uid'] ?? '';
    const wanted = asked.get(trigger) ?? (await regenerate(labels)) ?? [];
    asked.set(trigger, wanted);
    if (wanted.length > 0 && !wanted.some((object) => isSameObject(object, generated))) await remove(generated);
  }
}

function isSameObject(wanted: JsonObject, { resource, item: { metadata } }: Generated): boolean {
  const [, group = ''] = String(wanted['apiVersion']).split('/').reverse();
  const [name, namespace] = ['name', 'namespace'].map((key) => memberAt(wanted, 'metadata', key));
  const isSameKind = wanted['kind'] === resource.kind && group === resource.group;
  if (!isSameKind || name !== metadata.name) return false;
  return !resource.isNamespaced || (namespace || 'default') === metadata.namespace;
}
