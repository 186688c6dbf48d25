import type { CompiledPolicy, PolicyRef } from '@vouchsafe/engine';
import { isJsonArray, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { KubernetesObject } from '@vouchsafe/kube';
import type { StoredPolicy } from '../store/policy-store.ts';

/** Labels by which generated objects name policy, rule, trigger and source begin with it. */
export const LABEL = 'generate.kyverno.io/';

/** Some rule of the policy does; which one is told by the label of what it generated. */
export function synchronizes(document: JsonObject): boolean {
  if (memberAt(document, 'spec', 'evaluation', 'synchronize', 'enabled') === true) return true;
  const rules = memberAt(document, 'spec', 'rules');
  return isJsonArray(rules) && rules.some((rule) => memberAt(rule, 'generate', 'synchronize') === true);
}

export function isInCel({ apiVersion }: PolicyRef): boolean {
  return apiVersion.startsWith('policies.kyverno.io/');
}

export function ruleOf({ document }: StoredPolicy, name: string): Json | undefined {
  const rules = memberAt(document, 'spec', 'rules');
  return isJsonArray(rules) ? rules.find((rule) => memberAt(rule, 'name') === name) : undefined;
}

/** It generates from what the policy says itself, not from copies. */
export function isOfOwnData(rule: Json | undefined): boolean {
  const each = memberAt(rule, 'generate', 'foreach');
  const parts = [memberAt(rule, 'generate'), ...(isJsonArray(each) ? each : [])];
  return parts.some((part) => memberAt(part, 'data') !== undefined);
}

export function isOtherSpec(before: StoredPolicy, after: StoredPolicy): boolean {
  return ['uid', 'generation'].some(
    (key) => memberAt(before.document, 'metadata', key) !== memberAt(after.document, 'metadata', key),
  );
}

/** The policy that generated an object by a part of it that synchronizes. */
export function keeperOf(
  labels: Readonly<Record<string, string>>,
  policies: readonly StoredPolicy[],
): Keeper | undefined {
  const rule = labels[`${LABEL}rule-name`];
  for (const { document, compiled } of policies) {
    if (!compiled || compiled.ref.name !== labels[`${LABEL}policy-name`]) continue;
    if ((compiled.ref.namespace ?? '') !== (labels[`${LABEL}policy-namespace`] ?? '')) continue;
    const rules = memberAt(document, 'spec', 'rules');
    const own = isJsonArray(rules) ? rules.find((item) => memberAt(item, 'name') === rule) : undefined;
    if (rule === undefined && memberAt(document, 'spec', 'evaluation', 'synchronize', 'enabled') === true) {
      return { policy: compiled, rule: compiled.ref.name };
    }
    if (rule !== undefined && memberAt(own, 'generate', 'synchronize') === true) return { policy: compiled, rule };
  }
  return undefined;
}

export interface Keeper {
  readonly policy: CompiledPolicy;
  readonly rule: string;
}

/** What a part of the policy made that synchronizes and does not orphan. */
export function goesWithPolicy({ metadata }: KubernetesObject, stored: StoredPolicy): boolean {
  const keeper = keeperOf(metadata.labels ?? {}, [stored]);
  if (!keeper) return false;
  const { document } = stored;
  if (memberAt(document, 'spec', 'evaluation', 'orphanDownstreamOnPolicyDelete', 'enabled') === true) return false;
  const rules = memberAt(document, 'spec', 'rules');
  const rule = isJsonArray(rules) ? rules.find((item) => memberAt(item, 'name') === keeper.rule) : undefined;
  return memberAt(rule, 'generate', 'orphanDownstreamOnPolicyDelete') !== true;
}
