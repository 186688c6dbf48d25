import { createHash } from 'node:crypto';
import { type CompiledPolicy, type FailurePolicy, type PolicyRef, policyKey } from '@vouchsafe/engine';
import { isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';
import { CEL_FAMILIES, type CelFamily } from '../store/cel-families.ts';
import { registeredFailurePolicy } from '../store/registered-failure-policy.ts';
import { bootstrapConditions, bootstrapRules } from './bootstrap-rules.ts';
import { clientConfigOf } from './client-config.ts';
import { MAX_TIMEOUT_SECONDS, type WebhookInputs } from './webhook-inputs.ts';
import { computeWebhookRules, type Side, type WebhookRule } from './webhook-rules.ts';

/**
 * The webhooks of policies in CEL under Kyverno's names and paths: one a family, failure policy and pair of selectors,
 * whose path names its policies; and one for each policy that the API server can tell more of: with conditions of its
 * language, a timeout, or an exact match.
 */
export function celWebhooks(side: Side, policies: readonly CompiledPolicy[], inputs: WebhookInputs): JsonObject[] {
  return CEL_FAMILIES.filter((family) => family.side === side).flatMap((family) => {
    const own = policies.filter(({ ref, selectors }) => isOfFamily(family, ref) && isAsked(family, selectors));
    const [fine, basic] = [own.filter(isFineGrained), own.filter((policy) => !isFineGrained(policy))];
    const groups = groupBySelectors(basic, inputs);
    const suffix = (key: string) => (groups.size > 1 ? `-${key.slice(0, 8)}` : '');
    return [
      ...fine.flatMap((policy) => fineGrained(family, policy, inputs)),
      ...[...groups].flatMap(([key, group]) => grouped(family, group, suffix(key), inputs)),
    ];
  });
}

function isOfFamily({ kinds }: CelFamily, { kind }: PolicyRef): boolean {
  return kinds.includes(kind);
}

/** An image policy that pins nothing is not asked to. */
function isAsked({ phase }: CelFamily, selectors: CompiledPolicy['selectors']): boolean {
  return phase === undefined || selectors.some(({ phases }) => phases.has(phase));
}

function isFineGrained({ webhook, timeoutSeconds }: CompiledPolicy): boolean {
  return (webhook?.matchConditions.length ?? 0) > 0 || webhook?.isExact === true || timeoutSeconds !== undefined;
}

function fineGrained(family: CelFamily, policy: CompiledPolicy, inputs: WebhookInputs): JsonObject[] {
  const failurePolicy = registeredFailurePolicy(policy, inputs.auditOnly);
  const { namespace, name } = policy.ref;
  const suffix = `-finegrained-${namespace === undefined ? '' : `${namespace}-`}${name}`;
  return createWebhook(family, failurePolicy, [policy], suffix, inputs, {
    matchConditions: policy.webhook?.matchConditions.map((condition) => ({ ...condition })) ?? [],
    // What mutates is called for equivalent resources as well, as Kyverno registers it.
    ...(policy.webhook?.isExact && family.side === 'validating' ? { matchPolicy: 'Exact' } : {}),
    ...(policy.timeoutSeconds === undefined
      ? {}
      : { timeoutSeconds: Math.min(MAX_TIMEOUT_SECONDS, Math.max(1, policy.timeoutSeconds)) }),
  });
}

function grouped(
  family: CelFamily,
  policies: readonly CompiledPolicy[],
  suffix: string,
  inputs: WebhookInputs,
): JsonObject[] {
  const registered = (as: FailurePolicy) =>
    policies.filter((policy) => registeredFailurePolicy(policy, inputs.auditOnly) === as);
  const [fail, ignore] = [registered('Fail'), registered('Ignore')];
  return [
    ...createWebhook(family, 'Fail', fail, suffix, inputs, {}),
    ...createWebhook(family, 'Ignore', ignore, suffix, inputs, {}),
  ];
}

/** None for no policy, or where nothing is left to call for. */
function createWebhook(
  family: CelFamily,
  failurePolicy: FailurePolicy,
  policies: readonly CompiledPolicy[],
  suffix: string,
  inputs: WebhookInputs,
  more: {
    readonly matchConditions?: readonly JsonObject[];
    readonly matchPolicy?: string;
    readonly timeoutSeconds?: number;
  },
): JsonObject[] {
  const [first] = policies;
  if (!first) return [];
  const rules = computeWebhookRules(policies.map(askedFor), family.side, inputs.served);
  if (rules.length === 0) return [];
  const built = (
    as: FailurePolicy,
    ofWebhook: readonly WebhookRule[],
    conditions: readonly JsonObject[],
  ): JsonObject => ({
    name: nameOf(family, as.toLowerCase(), suffix, policies),
    clientConfig: clientConfigOf(pathOf(family, policies), inputs.target, inputs.caBundle),
    rules: ofWebhook,
    failurePolicy: as,
    matchPolicy: more.matchPolicy ?? 'Equivalent',
    ...selectorsOf(first, inputs),
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: more.timeoutSeconds ?? inputs.defaultTimeout,
    admissionReviewVersions: ['v1'],
    ...(family.side === 'mutating' ? { reinvocationPolicy: reinvocationOf(policies) } : {}),
    ...(conditions.length > 0 ? { matchConditions: conditions } : {}),
  });
  const conditions = more.matchConditions ?? [];
  if (failurePolicy === 'Ignore') return [built('Ignore', rules, conditions)];
  const bootstrap = bootstrapRules(rules);
  return [
    built('Fail', rules, [...conditions, ...bootstrapConditions(rules)]),
    // What a cluster needs to come back to life never depends on us.
    ...(bootstrap.length > 0
      ? [{ ...built('Ignore', bootstrap, conditions), name: nameOf(family, 'ignore-bootstrap', suffix, policies) }]
      : []),
  ];
}

/** One of {@link celWebhooks} that is `Ignore` for the sake of the cluster alone. */
export function isBootstrapWebhook({ name }: JsonObject): boolean {
  return CEL_FAMILIES.some(({ webhook }) => String(name).startsWith(`${webhook}-ignore-bootstrap`));
}

/** What a name may hold. */
const NAME_LENGTH = 253;

/**
 * A namespace and a name joined by a dash may read like others, and names may be long; a configuration with two equal
 * names, or one that is too long, is refused as a whole. Such names end in a digest of what they stand for.
 */
function nameOf(
  { webhook }: CelFamily,
  registered: string,
  suffix: string,
  policies: readonly CompiledPolicy[],
): string {
  const name = `${webhook}-${registered}${suffix}`;
  const isAmbiguous = suffix.startsWith('-finegrained') && policies.some(({ ref }) => ref.namespace?.includes('-'));
  if (!isAmbiguous && name.length <= NAME_LENGTH) return name;
  const digest = createHash('sha256')
    .update(policies.map(({ ref }) => policyKey(ref)).join(' '))
    .digest('hex');
  const ending = `-${digest.slice(0, 16)}`;
  // a cut may leave a dot or a dash before the ending, which no name has
  return `${name.slice(0, NAME_LENGTH - ending.length).replace(/[-.]+$/, '')}${ending}`;
}

/** What is generated follows its trigger through all that happens to it. */
function askedFor(policy: CompiledPolicy): CompiledPolicy {
  if (!policy.ref.kind.endsWith('GeneratingPolicy')) return policy;
  return { ...policy, selectors: policy.selectors.map((selector) => ({ ...selector, operations: [] })) };
}

function reinvocationOf(policies: readonly CompiledPolicy[]): string {
  return policies.some(({ webhook }) => webhook?.reinvocationPolicy === 'IfNeeded') ? 'IfNeeded' : 'Never';
}

/** Longer paths name nobody, which stands for all policies of the family without conditions. */
const PATH_LENGTH = 1000;

/** `/vpol/<name>/<name>`: those that the webhook is called for. */
function pathOf({ path }: CelFamily, policies: readonly CompiledPolicy[]): string {
  const names = [...new Set(policies.map(({ ref }) => ref.name))].sort();
  const full = `${path}/${names.join('/')}`;
  return full.length > PATH_LENGTH ? path : full;
}

/** Policies whose webhooks would be called for the same namespaces and objects, by the digest of their selectors. */
function groupBySelectors(
  policies: readonly CompiledPolicy[],
  inputs: WebhookInputs,
): ReadonlyMap<string, readonly CompiledPolicy[]> {
  const groups = new Map<string, CompiledPolicy[]>();
  for (const policy of policies) {
    const key = createHash('sha256')
      .update(JSON.stringify(selectorsOf(policy, inputs)))
      .digest('hex');
    const group = groups.get(key);
    if (group) group.push(policy);
    else groups.set(key, [policy]);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function selectorsOf({ ref, webhook }: CompiledPolicy, inputs: WebhookInputs): JsonObject {
  const own = ref.namespace === undefined ? webhook?.namespaceSelector : inNamespace(ref.namespace);
  const namespaceSelector = mergeSelectors(own, inputs.namespaceSelector);
  return {
    ...(namespaceSelector ? { namespaceSelector } : {}),
    objectSelector: mergeSelectors(webhook?.objectSelector, inputs.objectSelector) ?? {},
  };
}

function inNamespace(namespace: string): JsonObject {
  return { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace] }] };
}

function mergeSelectors(a: JsonObject | undefined, b: JsonObject | undefined): JsonObject | undefined {
  if (!a || !b) return a ?? b;
  const labels = { ...objectAt(a, 'matchLabels'), ...objectAt(b, 'matchLabels') };
  const expressions = [...listAt(a, 'matchExpressions'), ...listAt(b, 'matchExpressions')];
  return {
    ...(Object.keys(labels).length > 0 ? { matchLabels: labels } : {}),
    ...(expressions.length > 0 ? { matchExpressions: expressions } : {}),
  };
}

function objectAt(holder: JsonObject, key: string): JsonObject {
  const value = member(holder, key);
  return isJsonObject(value) ? value : {};
}

function listAt(holder: JsonObject, key: string): readonly Json[] {
  const value = member(holder, key);
  return Array.isArray(value) ? value : [];
}
