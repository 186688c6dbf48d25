import type { Json, JsonObject } from '../../kernel/json.ts';
import type { CelPolicySpec, ResourceRule } from '../../model/cel-policy.ts';
import { readObject } from '../../model/read-json.ts';

/** One set of controllers that a policy about Pods is extended to, and where their Pod template is (kyverno-cel §5). */
export interface AutogenConfig {
  readonly name: 'defaults' | 'cronjobs';
  /** Sorted by group, version, resource, kind. */
  readonly targets: readonly AutogenTarget[];
  /** What replaces `spec` of a Pod: `spec.template.spec`. */
  readonly specPath: string;
  /** What replaces `metadata` of a Pod. */
  readonly metadataPath: string;
  /** `spec.matchConstraints` of the variant, as written in a policy. */
  readonly matchConstraints: JsonObject;
}

export interface AutogenTarget {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
}

/** A variant that autogen made, for the policy's status. */
export interface AutogenVariant {
  readonly config: AutogenConfig;
  /** The whole spec, rewritten. */
  readonly spec: JsonObject;
}

const DEFAULTS: readonly AutogenTarget[] = [
  { group: 'apps', version: 'v1', resource: 'daemonsets', kind: 'DaemonSet' },
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
  { group: 'apps', version: 'v1', resource: 'replicasets', kind: 'ReplicaSet' },
  { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' },
  { group: 'batch', version: 'v1', resource: 'jobs', kind: 'Job' },
];
const CRON_JOBS: readonly AutogenTarget[] = [{ group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' }];

const CONFIGS = [
  { name: 'defaults', all: DEFAULTS, template: 'spec.template' },
  { name: 'cronjobs', all: CRON_JOBS, template: 'spec.jobTemplate.spec.template' },
] as const;

/** The controllers that a policy about Pods alone is extended to; none for any other policy. */
export function autogenConfigs(spec: CelPolicySpec): readonly AutogenConfig[] {
  const rule = rulesOnPods(spec);
  if (!rule || rule.operations.length === 0) return [];
  const { autogenControllers } = spec;
  const namespaceSelector = readObject(readObject(spec.written, 'matchConstraints'), 'namespaceSelector');
  return CONFIGS.flatMap(({ name, all, template }): AutogenConfig[] => {
    const targets = all.filter(({ resource }) => autogenControllers?.includes(resource) ?? true);
    if (targets.length === 0) return [];
    const matchConstraints = {
      ...(namespaceSelector ? { namespaceSelector } : {}),
      resourceRules: toResourceRules(targets, rule.operations),
    };
    return [{ name, targets, specPath: `${template}.spec`, metadataPath: `${template}.metadata`, matchConstraints }];
  });
}

/** The one rule of constraints that are about Pods and nothing else. */
function rulesOnPods({ matchConstraints }: CelPolicySpec): ResourceRule | undefined {
  if (!matchConstraints || matchConstraints.objectSelector) return undefined;
  const { resourceRules, excludeResourceRules } = matchConstraints;
  const [rule] = resourceRules;
  if (!rule || resourceRules.length > 1 || excludeResourceRules.length > 0) return undefined;
  const isAboutPods = isOnly(rule.apiGroups, '') && isOnly(rule.apiVersions, 'v1') && isOnly(rule.resources, 'pods');
  return isAboutPods && rule.resourceNames.length === 0 ? rule : undefined;
}

function isOnly(list: readonly string[], wanted: string): boolean {
  return list.length === 1 && list[0] === wanted;
}

/** One rule for each group and version, in order. */
function toResourceRules(targets: readonly AutogenTarget[], operations: readonly string[]): Json[] {
  const groups = new Map<string, AutogenTarget[]>();
  for (const target of targets) {
    const key = `${target.group}/${target.version}`;
    groups.set(key, [...(groups.get(key) ?? []), target]);
  }
  return [...groups.values()].map((same) => ({
    apiGroups: [same[0]?.group ?? ''],
    apiVersions: [same[0]?.version ?? ''],
    operations: [...operations],
    resources: same.map(({ resource }) => resource),
  }));
}

/** `status.autogen.configs` of a policy with these variants. */
export function toAutogenStatus(variants: readonly AutogenVariant[]): JsonObject {
  return Object.fromEntries(
    variants.map(({ config: { name, targets }, spec }) => [
      name,
      { targets: targets.map((target): JsonObject => ({ ...target })), spec },
    ]),
  );
}
