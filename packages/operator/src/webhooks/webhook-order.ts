import type { CompiledPolicy } from '@vouchsafe/engine';
import { isJsonArray, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { MANAGED_BY, MUTATING_CONFIGURATION } from './resource-webhooks.ts';
import { computeWebhookRules, type ServedResource } from './webhook-rules.ts';

/** Mutating webhooks of others that are called before ours for a custom resource whose images are verified. */
export interface EarlierWebhooks {
  /** Name of their configuration. */
  readonly configuration: string;
  /** Their names, sorted. */
  readonly webhooks: readonly string[];
  /** `gkmcaches.gkm.io`, sorted. */
  readonly resources: readonly string[];
}

/** Who mutates Pods and what makes them comes before us rightly: the images it puts in are verified after it. */
const WORKLOAD_GROUPS = new Set(['', 'apps', 'batch']);

/**
 * The API server calls mutating configurations in the order of their names; what webhooks in them are called orders
 * nothing across configurations. One that names a custom resource of a verifying rule and sorts before ours sees neither
 * digest nor annotation.
 */
export function findEarlierWebhooks(
  configurations: readonly JsonObject[],
  policies: readonly CompiledPolicy[],
  served: readonly ServedResource[],
): readonly EarlierWebhooks[] {
  const verifying = policies.flatMap((policy) => {
    const selectors = policy.selectors.filter(({ phases }) => phases.has('verify-images'));
    return policy.admission && selectors.length > 0 ? [{ ...policy, selectors }] : [];
  });
  const verified = computeWebhookRules(verifying, 'mutating', served)
    .flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((name) => [group, name] as const)),
    )
    .filter(([group, name]) => !WORKLOAD_GROUPS.has(group) && group !== '*' && !name.includes('/'));
  return configurations.flatMap((configuration) => {
    const name = String(memberAt(configuration, 'metadata', 'name'));
    const isOurs = memberAt(configuration, 'metadata', 'labels', MANAGED_BY) !== undefined;
    if (isOurs || name >= MUTATING_CONFIGURATION) return [];
    const about = itemsOf(memberAt(configuration, 'webhooks')).map((webhook) => ({
      name: String(memberAt(webhook, 'name')),
      resources: verified.filter(([group, resource]) => names(webhook, group, resource)),
    }));
    const webhooks = about.filter(({ resources }) => resources.length > 0);
    if (webhooks.length === 0) return [];
    const resources = webhooks.flatMap(({ resources }) => resources.map(([group, resource]) => `${resource}.${group}`));
    return [
      { configuration: name, webhooks: sorted(webhooks.map((webhook) => webhook.name)), resources: sorted(resources) },
    ];
  });
}

/** In words, for who wrote the policy and who runs the other webhook. */
export function describeEarlier({ configuration, webhooks, resources }: EarlierWebhooks): string {
  return (
    `mutating webhook ${quoted(webhooks)} of the configuration \`${configuration}\` is called before ` +
    `\`${MUTATING_CONFIGURATION}\`, in the order of these names: of ${quoted(resources)} it sees neither verified digest ` +
    'nor annotation; a configuration whose name sorts after ours does'
  );
}

/** A webhook for everything (`*`) does not read what we write into a kind that it does not know. */
function names(webhook: Json, group: string, resource: string): boolean {
  return itemsOf(memberAt(webhook, 'rules')).some((rule) => {
    const resources = itemsOf(memberAt(rule, 'resources'));
    return (
      itemsOf(memberAt(rule, 'apiGroups')).includes(group) &&
      [resource, '*', '*/*'].some((name) => resources.includes(name))
    );
  });
}

function itemsOf(list: Json | undefined): readonly Json[] {
  return isJsonArray(list) ? list : [];
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function quoted(texts: readonly string[]): string {
  return texts.map((text) => `\`${text}\``).join(', ');
}
