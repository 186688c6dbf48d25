import type { CompiledPolicy, Operation, Phase, ResourceSelector } from '@vouchsafe/engine';
import { compileWildcard } from '@vouchsafe/engine/kernel';

/** One resource or subresource that the API server serves, as discovery tells. */
export interface ServedResource {
  readonly group: string;
  readonly version: string;
  /** Plural; the parent's for a subresource. */
  readonly resource: string;
  /** Empty for the resource itself. */
  readonly subresource: string;
  /** The parent's kind for a subresource, as policies name it. */
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A rule of a webhook configuration (admissionregistration.k8s.io/v1 RuleWithOperations). A type, so that it is JSON. */
export type WebhookRule = {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly Operation[];
  readonly scope: '*' | 'Namespaced' | 'Cluster';
};

export type Side = 'mutating' | 'validating';

const PHASES: Readonly<Record<Side, readonly Phase[]>> = {
  mutating: ['mutate', 'verify-images'],
  validating: ['validate', 'generate'],
};

/** What a rule without `operations` is called for (kyverno-core §4.1). */
const DEFAULT_OPERATIONS: Readonly<Record<Side, readonly Operation[]>> = {
  mutating: ['CREATE', 'UPDATE'],
  validating: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
};

/**
 * The rules one side of the webhooks needs for a set of policies: kinds turned into served resources, equal ones
 * grouped, those that a broader one covers dropped, in a stable order. What a variant of a policy asks for alone has rules of
 * its own, as Kyverno's do.
 */
export function computeWebhookRules(
  policies: readonly CompiledPolicy[],
  side: Side,
  served: readonly ServedResource[],
): readonly WebhookRule[] {
  const wanted = new Map<string, { scope: WebhookRule['scope']; operations: Set<Operation> }>();
  for (const policy of policies) {
    const isInCel = policy.ref.apiVersion.startsWith('policies.kyverno.io/');
    for (const selector of policy.selectors) {
      const operations = operationsOf(selector, side, isInCel);
      if (operations.length === 0) continue;
      for (const target of targetsOf(selector, policy, served)) {
        const key = `${target.group}|${target.version}|${target.resource}|${selector.variant ?? ''}`;
        const entry = wanted.get(key) ?? { scope: target.scope, operations: new Set() };
        if (target.scope !== entry.scope) entry.scope = '*';
        for (const operation of operations) entry.operations.add(operation);
        wanted.set(key, entry);
      }
    }
  }
  return groupRules(dropCovered(wanted));
}

/** Whether a policy names a kind that nothing served answers to. */
export function namesUnservedKind(policies: readonly CompiledPolicy[], served: readonly ServedResource[]): boolean {
  return policies.some((policy) =>
    policy.selectors.some((selector) => targetsOf(selector, policy, served).length === 0),
  );
}

/** Whether a rule reaches `group/resource`, itself or by wildcard. */
export function coversResource(rule: WebhookRule, group: string, resource: string): boolean {
  const within = (list: readonly string[], value: string) => list.includes('*') || list.includes(value);
  return within(rule.apiGroups, group) && (within(rule.resources, resource) || rule.resources.includes('*/*'));
}

function operationsOf(selector: ResourceSelector, side: Side, isInCel: boolean): readonly Operation[] {
  if (!PHASES[side].some((phase) => selector.phases.has(phase))) return [];
  // the annotations of image verification, which policies in CEL do not write, are guarded on both, whatever the rule names
  const guards = side === 'mutating' && selector.phases.has('verify-images') && selector.resource === undefined;
  if (guards) return DEFAULT_OPERATIONS.mutating;
  const written = selector.operations.length > 0 ? selector.operations : DEFAULT_OPERATIONS[side];
  const operations = written.filter((operation) => !selector.excludedOperations?.includes(operation));
  // What is deleted is mutated no more, but may trigger a mutation of what exists: rules are told of that by the other side.
  const mayDelete = side === 'validating' || (isInCel && selector.phases.has('generate'));
  return mayDelete ? operations : operations.filter((operation) => operation !== 'DELETE');
}

interface Target {
  readonly group: string;
  readonly version: string;
  /** `pods`, `pods/status`, `*`, `*` with any subresource. */
  readonly resource: string;
  readonly scope: WebhookRule['scope'];
}

const found = new WeakMap<readonly ServedResource[], Map<string, readonly Target[]>>();

/** Many policies name the same few kinds: what those are is looked up once for a list of what is served. */
function targetsOf(
  selector: ResourceSelector,
  policy: CompiledPolicy,
  served: readonly ServedResource[],
): readonly Target[] {
  const { group, version, kind, subresource, resource, scope } = selector;
  const key = JSON.stringify([group, version, kind, subresource, resource, scope, policy.ref.namespace !== undefined]);
  const known = found.get(served) ?? new Map<string, readonly Target[]>();
  found.set(served, known);
  const targets = known.get(key) ?? findTargets(selector, policy, served);
  known.set(key, targets);
  return targets;
}

const EPHEMERAL = 'pods/ephemeralcontainers';

function findTargets(
  selector: ResourceSelector,
  policy: CompiledPolicy,
  served: readonly ServedResource[],
): readonly Target[] {
  if (selector.resource !== undefined) return targetsByName(selector, selector.resource, policy, served);
  const { group, version, kind, subresource } = selector;
  if (kind === '*') {
    const resource = subresource === '' ? '*' : subresource === '*' ? '*/*' : `*/${subresource}`;
    // Containers that are added to a pod come through a subresource, which `*` does not reach.
    const resources = resource === '*' && ['', '*'].includes(group) ? ['*', EPHEMERAL] : [resource];
    const scope = policy.ref.namespace ? 'Namespaced' : '*';
    return resources.map((one) => ({ group: group || '*', version: version || '*', resource: one, scope }));
  }
  const matches = [group, version, kind, subresource].map((part) => compileWildcard(part));
  const [isGroup, isVersion, isKind, isSubresource] = matches;
  return served.flatMap((item) => {
    const isPlain = isGroup?.(item.group) && isVersion?.(item.version) && isKind?.(item.kind);
    if (!isPlain) return [];
    const leniently = item.resource === 'pods' && item.group === '' && item.subresource === 'ephemeralcontainers';
    if (!isSubresource?.(item.subresource) && !(leniently && subresource === '')) return [];
    const resource = item.subresource === '' ? item.resource : `${item.resource}/${item.subresource}`;
    return [{ group: item.group, version: item.version, resource, scope: item.namespaced ? 'Namespaced' : '*' }];
  });
}

/** Policies in CEL name resources as webhooks do; `?*` as subresource asks for those that are served. */
function targetsByName(
  { group, version, subresource, scope = '*' }: ResourceSelector,
  resource: string,
  policy: CompiledPolicy,
  served: readonly ServedResource[],
): readonly Target[] {
  if (resource === '' || version === '') return []; // the API server refuses a configuration with an empty one
  const narrowed = policy.ref.namespace === undefined ? scope : 'Namespaced';
  if (subresource !== '?*') return [{ group, version, resource, scope: narrowed }];
  const [plural = ''] = resource.split('/');
  return served
    .filter(
      (item) => item.subresource !== '' && [item.group, '*'].includes(group) && [item.resource, '*'].includes(plural),
    )
    .map((item) => ({
      group: item.group,
      version: item.version,
      resource: `${item.resource}/${item.subresource}`,
      scope: item.namespaced ? 'Namespaced' : '*',
    }));
}

type Wanted = ReadonlyMap<
  string,
  { readonly scope: WebhookRule['scope']; readonly operations: ReadonlySet<Operation> }
>;

/** Leaves out what a wildcard entry with at least the same operations and scope asks for already. */
function dropCovered(wanted: Wanted): Wanted {
  const entries = [...wanted];
  const broad = entries.filter(([key]) => key.includes('*') || key.endsWith('|'));
  const isWithin = (narrow: (typeof entries)[number], wide: (typeof entries)[number]): boolean => {
    const [[key, { scope, operations }], [by, other]] = [narrow, wide];
    if (by === key || !covers(by, key) || (other.scope !== '*' && other.scope !== scope)) return false;
    return [...operations].every((one) => other.operations.has(one));
  };
  // Of two that ask for the same one stays.
  const isDropped = (narrow: (typeof entries)[number]): boolean =>
    broad.some((wide) => isWithin(narrow, wide) && (!isWithin(wide, narrow) || wide[0] < narrow[0]));
  return new Map(entries.filter((entry) => !isDropped(entry)));
}

function covers(broad: string, narrow: string): boolean {
  const [group = '', version = '', resource = ''] = broad.split('|');
  const [narrowGroup = '', narrowVersion = '', narrowResource = ''] = narrow.split('|');
  const plain = !narrowResource.includes('/');
  const [parent, subresource] = narrowResource.split('/');
  const isAmong = !plain && (resource === `${parent}/*` || resource === `*/${subresource}`);
  return (
    (group === '*' || group === narrowGroup) &&
    (version === '*' || version === narrowVersion) &&
    (resource === narrowResource || resource === '*/*' || isAmong || (resource === '*' && plain))
  );
}

function groupRules(wanted: Wanted): readonly WebhookRule[] {
  const groups = new Map<string, WebhookRule & { resources: string[] }>();
  for (const [key, { scope, operations }] of wanted) {
    const [group = '', version = '', resource = '', variant = ''] = key.split('|');
    const sorted = [...operations].sort();
    const shape = [group, version, scope, variant, ...sorted].join('|');
    const rule = groups.get(shape);
    if (rule) rule.resources.push(resource);
    else
      groups.set(shape, {
        apiGroups: [group],
        apiVersions: [version],
        resources: [resource],
        operations: sorted,
        scope,
      });
  }
  for (const rule of groups.values()) rule.resources.sort();
  return [...groups.values()].sort(compareRules);
}

function compareRules(a: WebhookRule, b: WebhookRule): number {
  for (const part of ['apiGroups', 'apiVersions', 'resources', 'operations'] as const) {
    const byLength = a[part].length - b[part].length;
    if (byLength !== 0) return byLength;
    const [left, right] = [a[part].join(), b[part].join()];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
